// Whom a device trusts first: the Roots that its image carries, or what the servers give it at once, both together.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { MetadataError } from '@ota-connect/uptane';
import { defaultConfig } from '../src/config/defaults.ts';
import type { Config } from '../src/config/config.ts';
import { createAktualizr } from '../src/create-aktualizr.ts';
import { openStorage } from '../src/adapters/storage/sqlite-storage.ts';
import { ProvisioningError } from '../src/errors.ts';
import { openTestDevice } from './support/test-device.ts';
import { openTestGateway, type TestGateway } from './support/test-gateway.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const ROOTS = ['GET /director/1.root.json', 'GET /repo/1.root.json'];

type Stage = { readonly gateway: TestGateway; readonly config: Config; readonly imports: string };

async function stage(test: TestContext, trustOnFirstUse: boolean): Promise<Stage> {
  const gateway = await openTestGateway();
  test.after(() => gateway.close());
  const folder = temporaryDirectory(test);
  const imports = join(folder, 'import');
  for (const name of ['director', 'repo']) mkdirSync(join(imports, name), { recursive: true });
  const { ca, certificate, privateKey } = gateway.credentials;
  writeFileSync(join(imports, 'root.crt'), ca);
  writeFileSync(join(imports, 'client.pem'), certificate);
  writeFileSync(join(imports, 'pkey.pem'), privateKey);
  const base = defaultConfig();
  const { url } = gateway;
  const config: Config = {
    ...base,
    tls: { ...base.tls, server: url },
    provision: {
      ...base.provision,
      server: url,
      mode: 'DeviceCred',
      primaryEcuHardwareId: 'primary-hw',
      primaryEcuSerial: 'primary-1',
      ecuRegistrationEndpoint: `${url}/director/ecus`,
    },
    uptane: {
      ...base.uptane,
      directorServer: `${url}/director`,
      repoServer: `${url}/repo`,
      keyType: 'ED25519',
      trustOnFirstUse,
    },
    pacman: { ...base.pacman, type: 'none', imagesPath: join(folder, 'images') },
    storage: { ...base.storage, path: join(folder, 'storage') },
    import: {
      ...base.import,
      basePath: imports,
      tlsCacertPath: 'root.crt',
      tlsClientcertPath: 'client.pem',
      tlsPkeyPath: 'pkey.pem',
    },
  };
  return { gateway, config, imports };
}

function roots({ gateway }: Stage): readonly string[] {
  const asked = gateway.requests.map(({ method, path }) => `${method} ${path}`);
  return asked.filter((line) => /\/\d+\.root\.json$/.test(line));
}

async function check(config: Config): Promise<string> {
  const aktualizr = await createAktualizr({ config });
  try {
    await aktualizr.initialize();
    return (await aktualizr.checkUpdates()).kind;
  } finally {
    aktualizr.close();
  }
}

/** Puts the Roots of the simulated repositories where an image would carry them. */
async function ship({ gateway: { simulator }, imports }: Stage): Promise<void> {
  for (const [folder, repository] of [
    ['director', simulator.director],
    ['repo', simulator.image],
  ] as const) {
    const bytes = await repository.source.fetch({ role: 'root', version: 1, maxBytes: 1_000_000 });
    assert.notEqual(bytes, 'absent');
    writeFileSync(join(imports, folder, 'root.json'), bytes);
  }
}

describe('the first Roots of a device', () => {
  it('are taken from both repositories at once, with the first command', async (test) => {
    const place = await stage(test, true);
    assert.equal(await check(place.config), 'nothing_new');
    assert.deepEqual(roots(place).slice(0, 2), ROOTS);
    const storage = openStorage(place.config.storage);
    test.after(() => storage.close());
    assert.notEqual(storage.metadata.director.load('root'), undefined);
    assert.notEqual(storage.metadata.image.load('root'), undefined);
  });

  it('are asked for once: the next command goes on from there', async (test) => {
    const place = await stage(test, true);
    await check(place.config);
    place.gateway.requests.length = 0;
    await check(place.config);
    assert.deepEqual(roots(place), ['GET /director/2.root.json']);
  });

  it('are tried again with the next command, when a server cannot give one', async (test) => {
    const place = await stage(test, true);
    place.gateway.faultOf = ({ path }) =>
      path.startsWith('/repo/') ? { kind: 'status', status: 404 } : undefined;
    assert.equal(await check(place.config), 'nothing_new');
    place.gateway.faultOf = () => undefined;
    place.gateway.requests.length = 0;
    await check(place.config);
    assert.deepEqual(roots(place).slice(0, 1), ['GET /repo/1.root.json']);
  });

  it('are taken from no server, when only shipped ones may be trusted; none is even asked for [5.4.1-1]', async (test) => {
    const place = await stage(test, false);
    await assert.rejects(check(place.config), (error: unknown) => {
      assert.ok(error instanceof ProvisioningError);
      assert.equal(error.code, 'missing_root');
      assert.match(error.message, /no Root of the Director.*director\/root\.json below .*import/);
      return true;
    });
    assert.deepEqual(roots(place), []);
  });

  it('are those that the image carries, when it does [5.4.1-1]', async (test) => {
    const place = await stage(test, false);
    await ship(place);
    assert.equal(await check(place.config), 'nothing_new');
    assert.ok(roots(place).every((line) => !ROOTS.includes(line)));
  });

  it('are no others: a check without any refuses the server’s word [5.4.1-1]', async (test) => {
    const gateway = await openTestGateway();
    test.after(() => gateway.close());
    const device = await openTestDevice({
      folder: temporaryDirectory(test),
      gateway,
      firstRoot: 'provisioned',
    });
    test.after(() => device.close());
    const result = await device.aktualizr.checkUpdates();
    assert.equal(result.kind, 'refused');
    assert.ok(result.kind === 'refused' && result.error instanceof MetadataError);
    assert.equal(result.error.wireCode, 'SecurityException::Root');
  });
});

describe('metadata that the image carries', () => {
  /** All roles as the simulated repositories serve them, of the Director too. */
  async function shipAll(place: Stage): Promise<void> {
    const { simulator } = place.gateway;
    await ship(place);
    for (const [folder, repository] of [
      ['director', simulator.director],
      ['repo', simulator.image],
    ] as const) {
      for (const role of ['timestamp', 'snapshot', 'targets'] as const) {
        const bytes = await repository.source.fetch({ role, maxBytes: 1_000_000 });
        if (bytes !== 'absent') writeFileSync(join(place.imports, folder, `${role}.json`), bytes);
      }
    }
  }

  async function open(
    config: Config,
  ): Promise<{ readonly stored: readonly boolean[]; readonly warnings: string[] }> {
    const warnings: string[] = [];
    const log = (level: string, message: string) => void (level === 'warning' && warnings.push(message));
    (await createAktualizr({ config, log })).close();
    const storage = openStorage(config.storage);
    const stored = (['director', 'image'] as const).map(
      (name) => storage.metadata[name].load('targets') !== undefined,
    );
    storage.close();
    return { stored, warnings };
  }

  it('is verified by the Roots beside it and kept, without network: all roles of both [5.4.1-3]', async (test) => {
    const place = await stage(test, false);
    await shipAll(place);
    assert.deepEqual(await open(place.config), { stored: [true, true], warnings: [] });
    assert.deepEqual(place.gateway.requests, []);
    assert.equal(await check(place.config), 'nothing_new');
  });

  it('holds the servers to what it says: an older Targets is refused [5.4.1-3]', async (test) => {
    const place = await stage(test, false);
    const { simulator } = place.gateway;
    await simulator.publish();
    await shipAll(place);
    await open(place.config);
    simulator.director.replay(-2, 'targets.json');
    assert.equal(await check(place.config), 'refused');
  });

  it('is not used when it was tampered with, and the device says so', async (test) => {
    const place = await stage(test, false);
    await shipAll(place);
    const file = join(place.imports, 'repo/targets.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace('"version":1', '"version":7'));
    const { stored, warnings } = await open(place.config);
    assert.deepEqual(stored, [true, false]);
    assert.match(warnings.join(), /The metadata in .*repo are not used: /);
    assert.equal(await check(place.config), 'nothing_new');
  });
});
