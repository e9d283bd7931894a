// What `ota` answers before any server is asked.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { EXIT_CODES_HELP } from '../src/exit-codes.ts';
import { createDesk } from './processes.ts';

const desk = createDesk();
after(() => desk.clear());

describe('ota usage', () => {
  const wrong: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['the nearest command', ['devcie', 'list'], /Did you mean device\?/],
    ['the nearest verb', ['device', 'lsit'], /Did you mean list\?/],
    ['the nearest option', ['device', 'list', '--jsn'], /Did you mean --json\?/],
    ['the option that is missing', ['group', 'create'], /--name/],
    ['the argument that is missing', ['device', 'show'], /missing required argument 'device'/],
    ['that there are too many arguments', ['session', 'x'], /too many arguments/],
    ['what a count looks like', ['device', 'list', '--limit', 'few'], /whole number/],
    ['that a command is missing', ['device'], /a command is missing/],
  ];
  for (const [what, words, expected] of wrong) {
    it(`names ${what} and ends with 64, when asked: ota ${words.join(' ')}`, async () => {
      const { code, stdout, stderr } = await desk.ota(words);
      assert.equal(code, 64);
      assert.equal(stdout, '');
      assert.match(stderr, expected);
    });
  }

  for (const [words, help] of [
    [['devcie'], 'ota --help'],
    [['device', 'lsit'], 'ota device --help'],
    [['device', 'list', '--jsn'], 'ota device list --help'],
    [['device', 'list', '--limit', 'few'], 'ota device list --help'],
  ] as const) {
    it(`names the help of the command at fault, when asked: ota ${words.join(' ')}`, async () => {
      const { stderr } = await desk.ota(words);
      assert.ok(stderr.endsWith(`; see: ${help}\n`), stderr);
      assert.doesNotMatch(stderr, /\.;/);
    });
  }

  it('prints a failure as one JSON document, when npm took --json for its own', async () => {
    const npx = { npm_lifecycle_event: 'npx', npm_config_json: 'true' };
    const { code, stdout, stderr } = await desk.ota(['device', 'list'], npx);
    assert.equal(code, 77);
    const { error } = JSON.parse(stdout) as { error: { message: string } };
    assert.equal(stderr, `ota: ${error.message}\n`);
  });

  it('prints text, when --json was meant for npm in a script', async () => {
    const script = { npm_lifecycle_event: 'fleet', npm_config_json: 'true' };
    assert.equal((await desk.ota(['device', 'list'], script)).stdout, '');
  });

  it('prints a failure as one JSON document, when --json is given', async () => {
    const { code, stdout, stderr } = await desk.ota(['device', 'lsit', '--json']);
    assert.equal(code, 64);
    const { error } = JSON.parse(stdout) as { error: { code: string; message: string } };
    assert.equal(error.code, 'usage');
    assert.equal(stderr, `ota: ${error.message}\n`);
  });
});

describe('ota --help', () => {
  const commands = readdirSync(new URL('../src/commands/', import.meta.url)).map((file) =>
    file.replace('.ts', '').split('-'),
  );
  for (const words of [[], ...commands.map(([noun]) => [noun ?? '']), ...commands]) {
    it(`shows an example and the exit codes, when asked: ota ${words.join(' ')} --help`, async () => {
      const { code, stdout } = await desk.ota([...words, '--help']);
      assert.equal(code, 0);
      assert.match(stdout, /Example:\n {2}ota /);
      assert.ok(stdout.includes(EXIT_CODES_HELP));
      if (words.length === 2 || ['login', 'logout', 'session'].includes(words[0] ?? '')) {
        assert.match(stdout, /--json/);
      }
    });
  }

  it('lists the exit codes of the README', () => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
    const documented = [...readme.matchAll(/^\| (\d+) \| (.+) \|$/gm)].map(
      ([, code, text]) => `${code} ${text}`,
    );
    const printed = [...EXIT_CODES_HELP.matchAll(/^ +(\d+) {2}(.+)$/gm)].map(
      ([, code, text]) => `${code} ${text}`,
    );
    assert.deepEqual(documented, printed);
    assert.equal(documented.length, 7);
  });
});

describe('ota without a sign-in', () => {
  it('says how to sign in and ends with 77', async () => {
    const { code, stderr } = await desk.ota(['device', 'list']);
    assert.equal(code, 77);
    assert.match(stderr, /Not signed in; run: ota login/);
  });

  it('says the same of a damaged configuration', async () => {
    const other = createDesk();
    mkdirSync(path.join(other.folder, 'config/ota'), { recursive: true });
    writeFileSync(path.join(other.folder, 'config/ota/config.json'), '{"url":');
    const { code, stderr } = await other.ota(['device', 'list']);
    assert.equal(code, 77);
    assert.match(stderr, /damaged; run: ota login/);
    other.clear();
  });

  it('does not send a stored token to another server, when OTA_URL names one', async () => {
    const other = createDesk();
    mkdirSync(path.join(other.folder, 'config/ota'), { recursive: true });
    writeFileSync(
      path.join(other.folder, 'config/ota/config.json'),
      '{"url":"http://127.0.0.1:1","token":"hush"}',
    );
    const { code, stderr } = await other.ota(['session'], { OTA_URL: 'http://127.0.0.1:2' });
    assert.equal(code, 77);
    assert.match(stderr, /Not signed in to http:\/\/127\.0\.0\.1:2/);
    other.clear();
  });

  for (const url of ['localhost:8080', 'ftp://localhost', 'http://user:hush@localhost', 'x']) {
    it(`refuses the address ${url}`, async () => {
      const { code, stderr } = await desk.ota(['login', '--url', url], { OTA_TOKEN: 'hush' });
      assert.equal(code, 64);
      assert.match(stderr, /must look like http:\/\/localhost:8080/);
      assert.doesNotMatch(stderr, /hush/);
    });
  }

  it('refuses a token that could break out of its header, without showing it', async () => {
    const { code, stderr } = await desk.ota(['login', '--token-file', '-'], {}, 'hush\r\nx: y');
    assert.equal(code, 64);
    assert.match(stderr, /stdin holds no token/);
    assert.doesNotMatch(stderr, /hush/);
  });
});

describe('ota with a server that is not there', () => {
  it('says so and ends with 69', async () => {
    const { code, stdout, stderr } = await desk.ota(['device', 'list'], {
      OTA_URL: 'http://127.0.0.1:1',
      OTA_TOKEN: 'hush',
    });
    assert.equal(code, 69);
    assert.equal(stdout, '');
    assert.match(
      stderr,
      /^ota: No answer from http:\/\/127\.0\.0\.1:1 \(ECONNREFUSED\); is the server running/,
    );
    assert.doesNotMatch(stderr, /hush/);
  });
});
