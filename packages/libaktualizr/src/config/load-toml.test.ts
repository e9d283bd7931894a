import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';

import fc from 'fast-check';
import { zipSync } from 'fflate';

import { temporaryDirectory } from '../../test/temporary-directory.ts';
import { ConfigError } from '../errors.ts';
import { loadConfig } from './load-toml.ts';
import type { ConfigOverrides } from './load-toml.ts';

function written(test: TestContext, content: string, name = 'sota.toml'): string {
  const file = join(temporaryDirectory(test), name);
  writeFileSync(file, content);
  return file;
}

async function warningsOf(test: TestContext, content: string): Promise<readonly string[]> {
  const file = written(test, content);
  const { warnings } = await loadConfig({ paths: [file] });
  return warnings.map(({ message }) => message.replace(file, 'FILE'));
}

describe('configuration', () => {
  it('has the defaults of the original, when a file is empty', async (test) => {
    const { config, warnings } = await loadConfig({ paths: [written(test, '')] });
    assert.deepEqual(warnings, []);
    assert.equal(config.logger.loglevel, 2);
    assert.equal(config.uptane.pollingSec, 10);
    assert.equal(config.uptane.keyType, 'RSA2048');
    assert.equal(config.uptane.directorFullRoles, 'auto');
    assert.equal(config.pacman.type, 'ostree');
    assert.equal(config.pacman.imagesPath, '/var/sota/images');
    assert.equal(config.storage.path, '/var/sota');
    assert.equal(config.provision.expiryDays, '36000');
    assert.equal(config.bootloader.rebootCommand, '/sbin/reboot');
  });

  it('derives every URL from the gateway by plain concatenation', async (test) => {
    const { config, problem } = await loadConfig({
      paths: [written(test, '[tls]\nserver = "https://gateway:8443"\n')],
    });
    assert.equal(problem, undefined);
    assert.equal(config.provision.server, 'https://gateway:8443');
    assert.equal(config.uptane.directorServer, 'https://gateway:8443/director');
    assert.equal(config.uptane.repoServer, 'https://gateway:8443/repo');
    assert.equal(config.pacman.ostreeServer, 'https://gateway:8443/treehub');
    assert.equal(config.provision.ecuRegistrationEndpoint, 'https://gateway:8443/director/ecus');
  });

  it('registers ECUs below a Director of its own, when one is set', async (test) => {
    const content = '[tls]\nserver = "https://gateway"\n[uptane]\ndirector_server = "https://director/x"\n';
    const { config } = await loadConfig({ paths: [written(test, content)] });
    assert.equal(config.provision.ecuRegistrationEndpoint, 'https://director/x/ecus');
    assert.equal(config.uptane.repoServer, 'https://gateway/repo');
  });

  it('takes the gateway from the file that server_url_path names, without blanks', async (test) => {
    const url = written(test, '  https://gateway:1 \n', 'gateway.url');
    const { config } = await loadConfig({ paths: [written(test, `[tls]\nserver_url_path = "${url}"\n`)] });
    assert.equal(config.tls.server, 'https://gateway:1');
    assert.equal(config.provision.mode, 'DeviceCred');
  });

  it('takes the gateway from the credentials archive, and then provisions with it', async (test) => {
    const archive = join(temporaryDirectory(test), 'credentials.zip');
    writeFileSync(archive, zipSync({ 'autoprov.url': Buffer.from('https://gateway:2\n') }));
    const { config } = await loadConfig({
      paths: [written(test, `[provision]\nprovision_path = "${archive}"\n`)],
    });
    assert.equal(config.tls.server, 'https://gateway:2');
    assert.equal(config.provision.mode, 'SharedCred');
  });

  it('says why there is no gateway, and still answers, when the archive is missing', async (test) => {
    const { config, problem } = await loadConfig({
      paths: [written(test, '[provision]\nprovision_path = "/nowhere/credentials.zip"\n')],
    });
    assert.equal(config.tls.server, '');
    assert.match(problem?.message ?? '', /\/nowhere\/credentials\.zip does not exist/);
  });

  it('lets a later directory replace a file of the same name and applies files by name', async (test) => {
    const [first, second] = [join(temporaryDirectory(test), 'usr'), join(temporaryDirectory(test), 'etc')];
    for (const directory of [first, second]) mkdirSync(directory);
    writeFileSync(join(first, '10-base.toml'), '[uptane]\npolling_sec = 1\nkey_type = "ED25519"\n');
    writeFileSync(join(first, '30-late.toml'), '[pacman]\ntype = "none"\n');
    writeFileSync(join(second, '10-base.toml'), '[uptane]\npolling_sec = 2\n');
    writeFileSync(join(second, '20-more.toml'), '[uptane]\npolling_sec = 3\n');
    writeFileSync(join(second, 'notes.txt'), 'not configuration');
    const { config, files } = await loadConfig({ paths: [first, second] });
    assert.deepEqual(files, [
      join(second, '10-base.toml'),
      join(second, '20-more.toml'),
      join(first, '30-late.toml'),
    ]);
    assert.equal(config.uptane.pollingSec, 3);
    assert.equal(config.uptane.keyType, 'RSA2048');
    assert.equal(config.pacman.type, 'none');
  });

  it('refuses a named path that does not exist, by its name', async () => {
    await assert.rejects(loadConfig({ paths: ['/nowhere/sota.toml'] }), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.equal(error.code, 'missing_file');
      assert.match(error.message, /\/nowhere\/sota\.toml/);
      return true;
    });
  });

  it('lets the command line win over the files and derives from what it sets', async (test) => {
    const overrides: ConfigOverrides = {
      tlsServer: 'https://other',
      primaryEcuSerial: 'P-1',
      primaryEcuHardwareId: 'hw',
      secondaryConfigFile: '/etc/secondaries.json',
      loglevel: 0,
    };
    const { config } = await loadConfig({
      paths: [written(test, '[tls]\nserver = "https://gateway"\n')],
      overrides,
    });
    assert.equal(config.uptane.directorServer, 'https://other/director');
    assert.equal(config.provision.primaryEcuSerial, 'P-1');
    assert.equal(config.provision.primaryEcuHardwareId, 'hw');
    assert.equal(config.uptane.secondaryConfigFile, '/etc/secondaries.json');
    assert.equal(config.logger.loglevel, 0);
  });

  it('keeps keys that only a package manager knows, without a word', async (test) => {
    const file = written(test, '[pacman]\ntype = "none"\ndocker_params = "a b"\ntags = 7\nimage_pth = "x"\n');
    const { config, warnings } = await loadConfig({ paths: [file] });
    assert.deepEqual(warnings, []);
    assert.deepEqual(
      [...config.pacman.extra],
      [
        ['docker_params', 'a b'],
        ['tags', '7'],
        ['image_pth', 'x'],
      ],
    );
  });
});

describe('what is wrong in a configuration file', () => {
  it('is named by file, line and nearest key', async (test) => {
    const found = await warningsOf(test, '# a comment\n[uptane]\n\npoling_sec = 5\n');
    assert.deepEqual(found, ['FILE:4: unknown key "poling_sec" in [uptane]; did you mean "polling_sec"?']);
  });

  it('is named by the line of the heading, when a section is unknown', async (test) => {
    const found = await warningsOf(test, '[tls]\nserver = "https://x"\n\n[uptain]\na = 1\nb = 2\n');
    assert.deepEqual(found, ['FILE:4: unknown section [uptain]; did you mean "uptane"?']);
  });

  it('leaves the default, when a value is no number, out of range or none of the words', async (test) => {
    const file = written(
      test,
      '[uptane]\npolling_sec = "soon"\nkey_type = "DSA"\nforce_install_completion = "yes"\n[logger]\nloglevel = 9\n',
    );
    const { config, warnings } = await loadConfig({ paths: [file] });
    assert.equal(config.uptane.pollingSec, 10);
    assert.equal(config.uptane.keyType, 'RSA2048');
    assert.equal(config.uptane.forceInstallCompletion, false);
    assert.equal(config.logger.loglevel, 2);
    assert.deepEqual(
      warnings.map(({ code, line }) => [code, line]),
      [
        ['bad_value', 2],
        ['bad_value', 3],
        ['bad_value', 4],
        ['bad_value', 6],
      ],
    );
    assert.match(
      warnings[1]?.message ?? '',
      /uptane\.key_type takes one of RSA2048, RSA3072, RSA4096, ED25519; the default "RSA2048" is kept/,
    );
  });

  it('is a list or a table where a single value belongs', async (test) => {
    const found = await warningsOf(test, '[tls]\nserver = ["https://x"]\n[pacman.type]\na = 1\n');
    assert.deepEqual(found, [
      'FILE:2: tls.server takes a single value; the default "" is kept',
      'FILE:3: pacman.type takes a single value; the default "ostree" is kept',
    ]);
  });

  it('is a setting before the first section', async (test) => {
    assert.deepEqual(await warningsOf(test, 'server = "https://x"\n'), [
      'FILE:1: "server" stands before the first section',
    ]);
  });

  it('is a key of [pacman] that looks like a slip of the finger', async (test) => {
    const found = await warningsOf(test, '[pacman]\nimages_pth = "/x"\n');
    assert.deepEqual(found, ['FILE:2: unknown key "images_pth" in [pacman]; did you mean "images_path"?']);
  });
});

describe('a file of the original that is no TOML', () => {
  it('is read the way of the original: bare text, `;` comments, doubled quotes', async (test) => {
    const content =
      '; comment\n[ tls ]\nserver = ""https://gateway:8443""\n[uptane]\nkey_type = ED25519 ; inline\npolling_sec = 30\n[p11]\nuptane_key_id = 03\n';
    const { config, warnings } = await loadConfig({ paths: [written(test, content)] });
    assert.equal(config.tls.server, 'https://gateway:8443');
    assert.equal(config.uptane.keyType, 'ED25519');
    assert.equal(config.uptane.pollingSec, 30);
    assert.equal(config.p11.uptaneKeyId, '03');
    assert.deepEqual(
      warnings.map(({ code }) => code),
      ['not_toml'],
    );
  });

  it('may begin with a byte order mark, and so may TOML', async (test) => {
    for (const content of ['\uFEFF[tls]\nserver = https://x\n', '\uFEFF[tls]\nserver = "https://x"\n']) {
      const { config } = await loadConfig({ paths: [written(test, content)] });
      assert.equal(config.tls.server, 'https://x');
    }
  });

  it('keeps a `#` or `;` inside a value', async (test) => {
    const content =
      '[provision]\nprovision_path = /etc/a#b;c.zip\ndevice_id = "car;7 # x"\n[tls]\nserver = https://x\n';
    const { config } = await loadConfig({ paths: [written(test, content)] });
    assert.equal(config.provision.provisionPath, '/etc/a#b;c.zip');
    assert.equal(config.provision.deviceId, 'car;7 # x');
  });

  it('names lines that are no setting and keys that stand there twice', async (test) => {
    const found = await warningsOf(test, '[tls]\nserver = https://a\nwhat is this\nserver = https://b\n');
    assert.equal(found.length, 3);
    assert.match(found[0] ?? '', /^FILE:2: this is not TOML/);
    assert.equal(found[1], 'FILE:3: "what …" is neither a section nor a setting');
    assert.equal(found[2], 'FILE:4: "server" stands already in line 2; the later value holds');
  });

  it('keeps the text of an identifier that TOML would take for a number', async (test) => {
    const { config } = await loadConfig({
      paths: [written(test, '[provision]\ndevice_id = 0x1F\nexpiry_days = 1_000\n')],
    });
    assert.equal(config.provision.deviceId, '0x1F');
    assert.equal(config.provision.expiryDays, '1_000');
  });
});

describe('any text as a configuration', () => {
  it('gives a configuration and warnings, and ends no device', async (test) => {
    const file = join(temporaryDirectory(test), 'sota.toml');
    const piece = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        '[tls]',
        '[uptane]',
        '[pacman]',
        'server = ',
        'polling_sec=',
        '"',
        "'",
        '#',
        ';',
        '\n',
        '\r\n',
        '[',
        ']',
        '=',
        '__proto__',
        '[__proto__]',
        '.',
        '\uFEFF',
        '1e9',
        '{',
        '}',
      ),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 40 }), async (pieces) => {
        writeFileSync(file, pieces.join(''));
        const { config, warnings } = await loadConfig({ paths: [file] });
        assert.equal(config.storage.type, 'sqlite');
        for (const { message } of warnings) assert.ok(message.startsWith(file));
      }),
      { numRuns: Number(process.env['OTA_TEST_RUNS'] ?? 300) },
    );
  });
});
