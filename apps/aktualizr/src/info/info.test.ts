import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';

import { openStorage } from '@ota-connect/libaktualizr/adapters/storage/sqlite-storage';
import { defaultConfig } from '@ota-connect/libaktualizr/config/defaults';
import { parseEcuSerial, parseHardwareId } from '@ota-connect/uptane';

const COMMAND = join(import.meta.dirname, '../../bin/aktualizr-info.js');
const GOLDEN = join(
  import.meta.dirname,
  '../../../../packages/libaktualizr/test/fixtures/storage-v25-after-update.db',
);

type Answer = { readonly code: number | null; readonly out: string; readonly err: string };

function run(...args: readonly string[]): Promise<Answer> {
  const { promise, resolve } = Promise.withResolvers<Answer>();
  const child = spawn(process.execPath, [COMMAND, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk) => (out += String(chunk)));
  child.stderr.on('data', (chunk) => (err += String(chunk)));
  child.on('close', (code) => resolve({ code, out, err }));
  return promise;
}

/** A device's directory and its configuration; with the database that the original left after an update, or without. */
function device(test: TestContext, database: string | null = GOLDEN): { directory: string; config: string } {
  const directory = mkdtempSync(join(tmpdir(), 'aktualizr-info-'));
  test.after(() => rmSync(directory, { recursive: true, force: true }));
  if (database !== null) copyFileSync(database, join(directory, 'sql.db'));
  const config = join(directory, 'sota.toml');
  writeFileSync(config, `[storage]\npath = "${directory}"\n`);
  return { directory, config };
}

function storageIn(directory: string) {
  return openStorage({ ...defaultConfig().storage, path: directory });
}

describe('aktualizr-info', () => {
  it('names device, Primary, image and state, and leaves no trace', async (test) => {
    const { directory, config } = device(test);
    const { code, out, err } = await run('--config', config);
    assert.equal(code, 0);
    assert.equal(err, '');
    assert.deepEqual(out.trim().split('\n'), [
      'Device ID: peer-device-0001',
      'Primary ECU serial ID: CA:FE:A6:D2:84:9D',
      'Primary ECU hardware ID: primary_hw',
      'Provisioned on server: yes',
      'Fetched metadata: yes',
      'Current image: app1.bin',
      'Current image sha256: 25b86f08c7d6ab36c860f3d873f32f452eecd157f474753eeac0a8d3e098cbc3',
      'Current image correlation ID: urn:here-ota:campaign:11111111-2222-3333-4444-555555555555',
      'Pending image: none',
    ]);
    assert.deepEqual(readdirSync(directory).sort(), ['sota.toml', 'sql.db']);
  });

  it('answers programs with JSON', async (test) => {
    const { config } = device(test);
    const summary = JSON.parse((await run('-c', config, '--json')).out);
    assert.equal(summary.deviceId, 'peer-device-0001');
    assert.equal(summary.primary.current.name, 'app1.bin');
    assert.equal(summary.primary.pending, null);
    const items = JSON.parse(
      (await run('-c', config, '--json', '--director-root', '--director-snapshot', '--delegation')).out,
    );
    assert.equal(items['director-root'].signed.version, 1);
    assert.equal(items['director-snapshot'], null);
    assert.deepEqual(items['delegation'], {});
  });

  it('shows a pending image, removed ECUs and a device that is not registered, while another process works', async (test) => {
    const { directory, config } = device(test);
    const storage = storageIn(directory);
    const serial = parseEcuSerial('CA:FE:A6:D2:84:9D');
    const current = storage.installations.current(serial) ?? assert.fail();
    storage.installations.save(
      { ...current, name: 'next.bin', hashes: { sha256: 'ab'.repeat(32) } },
      'pending',
    );
    const { out } = await run('-c', config);
    assert.match(out, /^Current image: app1\.bin$/m);
    assert.match(out, /^Pending image: next\.bin\nPending image sha256: (ab){32}$/m);
    const [primary] = storage.identity.ecus();
    assert.ok(primary);
    storage.identity.saveRegistration([{ ...primary, serial: parseEcuSerial('OTHER') }]);
    storage.identity.saveDeviceId('new-name');
    const changed = await run('-c', config);
    assert.match(changed.out, /^Provisioned on server: no$/m);
    assert.match(changed.out, /^Removed ECU: CA:FE:A6:D2:84:9D \(primary_hw\)$/m);
    storage.close();
  });

  it('prints one thing bare, and several under their titles', async (test) => {
    const { config } = device(test);
    assert.equal((await run('-c', config, '--name-only')).out, 'peer-device-0001\n');
    assert.match((await run('-c', config, '--tls-cert')).out, /^-----BEGIN CERTIFICATE-----\n/);
    assert.match((await run('-c', config, '--ecu-keyid')).out, /^[0-9a-f]{64}\n$/);
    const { out } = await run('-c', config, '--ecu-keys');
    assert.match(out, /^Uptane key id:\n[0-9a-f]{64}\n\nUptane public key:\n-----BEGIN PUBLIC KEY-----/);
    assert.match(out, /Uptane private key:\n-----BEGIN RSA PRIVATE KEY-----/);
  });

  it('prints no private key, when nobody asks for one', async (test) => {
    const { config } = device(test);
    for (const options of [[], ['--json'], ['--tls-root-ca', '--tls-cert', '--ecu-keyid', '--ecu-pub-key']]) {
      assert.doesNotMatch((await run('-c', config, ...options)).out, /PRIVATE KEY/);
    }
  });

  it('prints stored metadata as it arrived, under the older spellings of the options too', async (test) => {
    const { config } = device(test);
    for (const option of ['--image-targets', '--images-target', '--image-target']) {
      assert.equal(JSON.parse((await run('-c', config, option)).out).signed._type, 'Targets');
    }
    assert.equal(
      (await run('-c', config, '--director-root', '--root-version', '7')).out,
      'Metadata is not available\n',
    );
    assert.equal(
      JSON.parse((await run('-c', config, '--director-root', '--root-version', '1')).out).signed.version,
      1,
    );
  });

  it('waits until the device is registered and has metadata', async (test) => {
    const { directory, config } = device(test, null);
    const answer = run('-c', config, '--wait-until-provisioned', '--name-only');
    const storage = storageIn(directory);
    storage.identity.saveDeviceId('late-mango-1');
    storage.identity.saveRegistration([]);
    storage.metadata.director.save('root', Buffer.from('{}'), 1);
    assert.equal((await answer).out, 'late-mango-1\n');
    storage.close();
  });
});

describe('aktualizr-info about Secondaries', () => {
  it('lists them with what they run, and their keys when asked to', async (test) => {
    const { config } = device(test, GOLDEN.replace('after-update', 'ip-secondary'));
    const { out } = await run('-c', config);
    const expected = [
      'Secondary ECU serial ID: ip-secondary-0001',
      '  Secondary ECU hardware ID: sec_hw',
      '  Secondary ECU type: IP',
      '  Current image: sec1.bin',
    ];
    for (const line of expected) assert.ok(out.split('\n').includes(line), line);
    assert.doesNotMatch(out, /key/i);
    const withKeys = await run('-c', config, '--secondary-keys');
    assert.match(
      withKeys.out,
      /Secondary public key ID: [0-9a-f]{64}\n {2}Secondary public key: -----BEGIN PUBLIC/,
    );
    const { secondaries } = JSON.parse((await run('-c', config, '--secondary-keys', '--json')).out);
    assert.equal(secondaries.length, 1);
    assert.match(secondaries[0].publicKey, /^-----BEGIN PUBLIC KEY-----\n/);
  });

  it('calls the database of a Secondary by its name', async (test) => {
    const { directory, config } = device(test, null);
    const storage = storageIn(directory);
    const serial = parseEcuSerial('sec-1');
    storage.identity.saveRegistration([{ serial, hardwareId: parseHardwareId('sec-hw'), isPrimary: true }]);
    storage.close();
    const { out } = await run('-c', config);
    assert.match(out, /^Secondary ECU serial ID: sec-1\nSecondary ECU hardware ID: sec-hw\n/);
    assert.doesNotMatch(out, /Primary|Device ID|Provisioned/);
    writeFileSync(config, `[tls]\nserver = "https://x"\n[storage]\npath = "${directory}"\n`);
    assert.match((await run('-c', config)).out, /^Device ID: not known yet\nPrimary ECU serial ID: sec-1\n/);
  });
});

describe('aktualizr-info with --allow-migrate', () => {
  it('takes the database for writing, so not while aktualizr runs', async (test) => {
    const { directory, config } = device(test);
    assert.equal((await run('-c', config, '--allow-migrate', '--name-only')).out, 'peer-device-0001\n');
    const storage = storageIn(directory);
    test.after(() => storage.close());
    assert.equal((await run('-c', config, '--name-only')).code, 0);
    assert.equal((await run('-c', config, '--allow-migrate', '--name-only')).code, 75);
  });
});

describe('aktualizr-info that cannot answer', () => {
  it('refuses an unknown option with the nearest name', async () => {
    const { code, err } = await run('--director-rot');
    assert.equal(code, 64);
    assert.equal(err, 'aktualizr-info: There is no option --director-rot. Did you mean --director-root?\n');
    assert.equal((await run('--root-version', 'x')).code, 64);
    assert.equal((await run('director-root')).code, 64);
  });

  it('says that the device was never started', async (test) => {
    const { config } = device(test, null);
    const { code, err } = await run('-c', config);
    assert.equal(code, 77);
    assert.match(err, /There is no database at .*sql\.db: the device has not been started yet\./);
  });

  it('names a configuration that is missing and a database that is damaged', async (test) => {
    const missing = await run('-c', '/nowhere');
    assert.equal(missing.code, 78);
    assert.match(missing.err, /\/nowhere does not exist/);
    const { directory, config } = device(test);
    writeFileSync(join(directory, 'sql.db'), 'x'.repeat(5000));
    const damaged = await run('-c', config);
    assert.equal(damaged.code, 74);
    assert.match(damaged.err, /sql\.db is damaged or no database/);
  });

  it('explains itself', async () => {
    const { code, out } = await run('--help');
    assert.equal(code, 0);
    assert.match(out, /--wait-until-provisioned/);
    assert.match((await run('--version')).out, /^\d+\.\d+\.\d+\n$/);
  });
});
