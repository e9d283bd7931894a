// The client as an application makes it: configuration loaded or given, what it plugs in, what is refused, and the end.
import { afterEach, beforeEach, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { clientKeyId, createSigner, generateKeyPair } from '@ota-connect/uptane';
import { createAktualizr } from '../src/create-aktualizr.ts';
import { ConfigError, StorageError } from '../src/errors.ts';
import type { PackageManager } from '../src/ports.ts';
import { manifestsOf } from './support/requests.ts';
import { temporaryFolder } from './support/test-device.ts';
import { openTestGateway, type TestGateway } from './support/test-gateway.ts';

describe('createAktualizr', () => {
  let gateway: TestGateway;
  let folder: ReturnType<typeof temporaryFolder>;
  beforeEach(async () => {
    gateway = await openTestGateway();
    folder = temporaryFolder();
  });
  afterEach(async () => {
    folder.remove();
    await gateway.close();
  });

  /** A configuration of a device with credentials of its own; answers its file. */
  function configured(extra = ''): string {
    const imports = join(folder.path, 'import');
    mkdirSync(imports, { recursive: true });
    writeFileSync(join(imports, 'root.crt'), gateway.credentials.ca);
    writeFileSync(join(imports, 'client.pem'), gateway.credentials.certificate);
    writeFileSync(join(imports, 'pkey.pem'), gateway.credentials.privateKey);
    const file = join(folder.path, 'device.toml');
    const lines = [
      '[tls]',
      `server = "${gateway.url}"`,
      '[import]',
      `base_path = "${imports}"`,
      'tls_cacert_path = "root.crt"',
      'tls_clientcert_path = "client.pem"',
      'tls_pkey_path = "pkey.pem"',
      '[provision]',
      'primary_ecu_serial = "primary-1"',
      'primary_ecu_hardware_id = "primary-hw"',
      '[storage]',
      `path = "${join(folder.path, 'storage')}"`,
      '[uptane]',
      'key_type = "ED25519"',
      '[bootloader]',
      `reboot_sentinel_dir = "${join(folder.path, 'session')}"`,
      '[pacman]',
      `images_path = "${join(folder.path, 'images')}"`,
      extra,
    ];
    writeFileSync(file, lines.join('\n'));
    return file;
  }

  it('makes a client from configuration files, which updates the device', async () => {
    const log: string[] = [];
    const aktualizr = await createAktualizr({
      configPaths: [configured('type = "none"\n[logger]\nno_such_key = 1')],
      userAgent: 'MyClient/7',
      hardwareInfo: { board: 'mine' },
      log: (level, message) => void log.push(`${level}: ${message}`),
    });
    gateway.simulator.offer('app.bin', 'the new version');
    await gateway.simulator.publish();
    await aktualizr.initialize();
    await aktualizr.sendDeviceData();
    assert.equal((await aktualizr.uptaneCycle()).install?.kind, 'installed');
    aktualizr.close();
    assert.ok(
      log.some((line) => /warning: .*no_such_key/.test(line)),
      log.join('\n'),
    );
    assert.ok(gateway.requests.every(({ headers }) => headers['user-agent'] === 'MyClient/7'));
    const hardware = gateway.requests.find(({ path }) => path === '/system_info');
    assert.equal(hardware?.text, '{"board":"mine"}');
  });

  it('takes a package manager by the name that pacman.type gives it', async () => {
    const installed: string[] = [];
    const manager: PackageManager = {
      name: 'own',
      current: async () => undefined,
      installedPackages: async () => [],
      fetch: async () => 'fetched',
      verify: async () => 'verified',
      found: (target) => target.hashes,
      finalize: async () => ({ success: true, code: 'OK', description: '' }),
      async install({ name }) {
        installed.push(name);
        return { success: true, code: 'OK', description: '' };
      },
    };
    const aktualizr = await createAktualizr({
      configPaths: [configured('type = "own"')],
      packageManagers: { own: () => manager },
    });
    gateway.simulator.offer('app.bin', 'the new version');
    await gateway.simulator.publish();
    await aktualizr.initialize();
    await aktualizr.uptaneCycle();
    aktualizr.close();
    assert.deepEqual(installed, ['app.bin']);
  });

  it('signs with the signer that it is given, and registers its key', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ED25519');
    const signer = { publicKey, ...createSigner(publicKey, privateKey) };
    const aktualizr = await createAktualizr({ configPaths: [configured('type = "none"')], signer });
    await aktualizr.initialize();
    await aktualizr.checkUpdates();
    aktualizr.close();
    const registration = gateway.requests.find(({ path }) => path === '/director/ecus');
    assert.deepEqual(JSON.parse(registration?.text ?? '{}').ecus[0].clientKey, publicKey);
    const manifest = gateway.requests.find(({ path }) => path === '/director/manifest');
    assert.equal(JSON.parse(manifest?.text ?? '{}').signatures[0].keyid, clientKeyId(publicKey));
    assert.equal(manifestsOf(gateway.requests).length, 1);
  });

  it('refuses what it cannot do before it opens anything: an unknown package manager, no configuration', async () => {
    const isUnsupported = (error: unknown) => error instanceof ConfigError && error.code === 'unsupported';
    await assert.rejects(createAktualizr({ configPaths: [configured('type = "rpm"')] }), isUnsupported);
    await assert.rejects(createAktualizr({ configPaths: [join(folder.path, 'none.toml')] }), ConfigError);
  });

  it('holds the storage until it is closed', async () => {
    const options = { configPaths: [configured('type = "none"')] };
    const first = await createAktualizr(options);
    const isLocked = (error: unknown) => error instanceof StorageError && error.code === 'locked';
    await assert.rejects(createAktualizr(options), isLocked);
    first.close();
    (await createAktualizr(options)).close();
  });

  it('ends for good with the signal of the application', async () => {
    const stop = new AbortController();
    const options = { configPaths: [configured('type = "none"')], signal: stop.signal };
    const aktualizr = await createAktualizr(options);
    await aktualizr.initialize();
    gateway.faultOf = () => {
      stop.abort(new Error('the end'));
      return { kind: 'delay', ms: 10_000 };
    };
    await assert.rejects(aktualizr.checkUpdates(), /the end/);
    await assert.rejects(aktualizr.checkUpdates(), /the end/);
    assert.equal(await aktualizr.runForever({ signal: stop.signal }), 'stopped');
    aktualizr.close();
  });
});
