import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hashBytes, MetadataError, parseTargetName, type VerifiedTarget } from '@ota-connect/uptane';
import { MemoryMetadataStore, PRIMARY } from '@ota-connect/testkit';
import { HttpClient } from '../src/adapters/http/client.ts';
import { createHttpMetadataSource } from '../src/adapters/http/metadata-source.ts';
import { createFileSigner } from '../src/adapters/keys/file-signer.ts';
import { imagePlaces } from '../src/adapters/package-managers/image-places.ts';
import { selectPackageManager } from '../src/adapters/package-managers/select.ts';
import { defaultConfig } from '../src/config/defaults.ts';
import { ConfigError, InstallError, ProvisioningError, StorageError, TransportError } from '../src/errors.ts';
import type { EtagStore, IdentityStore, ImageStore, InstallationStore } from '../src/ports.ts';
import { temporaryFolder } from './support/test-device.ts';
import { openTestGateway, type TestGateway } from './support/test-gateway.ts';

const NO_SIGNAL = new AbortController().signal;

function memoryEtags(): EtagStore {
  const values = new Map<string, string>();
  return { load: (key) => values.get(key), save: (key, etag) => void values.set(key, etag) };
}

describe('adapters over HTTP', () => {
  let gateway: TestGateway;
  let http: HttpClient;
  before(async () => {
    gateway = await openTestGateway();
  });
  after(() => gateway.close());
  beforeEach(() => {
    http = new HttpClient({
      credentials: () => gateway.credentials,
      userAgent: 'Aktualizr/test',
      pauseMs: 1,
    });
  });
  afterEach(() => {
    http.close();
    gateway.requests.length = 0;
    gateway.answerOf = () => undefined;
  });

  describe('metadata source', () => {
    const open = () => {
      const store = new MemoryMetadataStore();
      const baseUrl = `${gateway.url}/director`;
      return {
        store,
        source: createHttpMetadataSource(http, { name: 'director', baseUrl, store, etags: memoryEtags() }),
      };
    };
    const answer = (status: number, body = '', etag?: string) => {
      gateway.answerOf = () => ({
        status,
        headers: etag === undefined ? {} : { etag },
        body: Buffer.from(body),
      });
    };

    for (const status of [404, 424]) {
      it(`takes ${status} for a file that does not exist [check_root/2]`, async () => {
        answer(status);
        assert.equal(await open().source.fetch({ role: 'root', version: 7, maxBytes: 10 }), 'absent');
        assert.equal(gateway.requests[0]?.path, '/director/7.root.json');
      });
    }

    for (const status of [403, 500]) {
      it(`never takes ${status} for a file that does not exist [check_root/2]`, async () => {
        answer(status);
        await assert.rejects(
          open().source.fetch({ role: 'root', version: 7, maxBytes: 10 }),
          (error: unknown) => error instanceof TransportError && error.details.status === status,
        );
      });
    }

    it('refuses a file that is longer than it may be [check_timestamp/1]', async () => {
      answer(200, 'x'.repeat(11));
      await assert.rejects(
        open().source.fetch({ role: 'timestamp', maxBytes: 10 }),
        (error: unknown) =>
          error instanceof MetadataError && error.wireCode === 'OversizedMetadata::Timestamp',
      );
    });

    it('gives the stored bytes, when the server has nothing newer', async () => {
      const { store, source } = open();
      answer(200, 'one', '"1"');
      store.save('targets', (await source.fetch({ role: 'targets', maxBytes: 10 })) as Uint8Array, 1);
      answer(304);
      assert.equal(
        Buffer.from((await source.fetch({ role: 'targets', maxBytes: 10 })) as Uint8Array).toString(),
        'one',
      );
      assert.equal(gateway.requests[1]?.headers['if-none-match'], '"1"');
    });

    it('asks in full, when other bytes are stored than the ETag belongs to', async () => {
      const { store, source } = open();
      store.save('targets', Buffer.from('old'), 1);
      answer(200, 'new', '"2"');
      await source.fetch({ role: 'targets', maxBytes: 10 });
      await source.fetch({ role: 'targets', maxBytes: 10 });
      assert.equal(gateway.requests[1]?.headers['if-none-match'], undefined);
    });

    it('refuses "not modified" for something it never asked conditionally', async () => {
      answer(304);
      await assert.rejects(open().source.fetch({ role: 'targets', maxBytes: 10 }), TransportError);
    });

    it('asks for a delegation by its encoded name [5.2.7-3]', async () => {
      answer(404);
      await open().source.fetch({ role: { delegation: 'a/../b?c' }, maxBytes: 10 });
      assert.equal(gateway.requests[0]?.path, '/director/delegations/a%2F..%2Fb%3Fc.json');
    });
  });

  describe('package manager none', () => {
    const content = Buffer.from('an image');
    const names = new Map<string, string>();
    const images: ImageStore = {
      fileName: (name) => names.get(name),
      all: () => [...names].map(([targetName, fileName]) => ({ targetName, fileName })),
      saveFileName: (name, file) => void names.set(name, file),
      remove: (name) => void names.delete(name),
    };
    const target: VerifiedTarget = {
      name: parseTargetName('dir/app 1.0+ä.bin'),
      lengthBytes: content.length,
      hashes: hashBytes(content),
      ecus: new Map([[PRIMARY.serial, PRIMARY.hardwareId]]),
      custom: {},
    };
    let folder: ReturnType<typeof temporaryFolder>;
    beforeEach(() => {
      folder = temporaryFolder();
      names.clear();
      gateway.simulator.images.set(target.name, content);
    });
    afterEach(() => folder.remove());

    const open = (type = 'none') => {
      const config = defaultConfig();
      const pacman = { ...config.pacman, type, imagesPath: join(folder.path, 'images') };
      const installations = { current: () => undefined } as unknown as InstallationStore;
      const addressesOf = () => [[`${gateway.url}/repo`]];
      const options = {
        config: { ...config, pacman },
        imagesPath: pacman.imagesPath,
        packagesFile: pacman.packagesFile,
        needsReboot: false,
        http,
        images,
        installations,
        primary: PRIMARY.serial,
        addressesOf,
        credentials: () => gateway.credentials,
        log: () => undefined,
      };
      return selectPackageManager(type, options);
    };

    it('stores an image below the upper-case hash, with its name in the storage [5.2.7-3]', async () => {
      assert.equal(await (await open()).fetch(target, () => undefined, NO_SIGNAL), 'fetched');
      const file = hashBytes(content).sha256.toUpperCase();
      assert.equal(readFileSync(join(folder.path, 'images', file), 'utf8'), 'an image');
      assert.equal(names.get(target.name), file);
      assert.equal(await (await open()).verify(target), 'verified');
      assert.equal(await (await open()).fetch(target, () => undefined, NO_SIGNAL), 'already_there');
    });

    it('asks below the Image repository, unless the target has an address of its own [5.2.7-3, 5.4.3.3-3]', () => {
      const repository = () => [['https://x/repo']];
      const [{ addresses, names } = { addresses: [], names: [] }] = imagePlaces(target, repository);
      assert.deepEqual(addresses, ['https://x/repo/targets/']);
      assert.equal(names[0], 'dir/app%201.0%2B%C3%A4.bin');
      assert.deepEqual(imagePlaces({ ...target, uri: 'https://y/z' }, repository), [
        { addresses: ['https://y/z'], names: [''] },
      ]);
    });

    it('asks for the image by its hash, where it is not stored by its name alone [5.2.7-2, 5.4.3.3-3]', async () => {
      const { sha256, sha512 } = hashBytes(content);
      for (const hash of [sha256, sha512]) {
        gateway.requests.length = 0;
        rmSync(join(folder.path, 'images'), { recursive: true, force: true });
        gateway.simulator.images.clear();
        gateway.simulator.images.set(`dir/${hash}.app 1.0+ä.bin`, content);
        assert.equal(await (await open()).fetch(target, () => undefined, NO_SIGNAL), 'fetched');
        assert.equal(gateway.requests[0]?.path, '/repo/targets/dir/app%201.0%2B%C3%A4.bin');
        assert.equal(gateway.requests.at(-1)?.path, `/repo/targets/dir/${hash}.app%201.0%2B%C3%A4.bin`);
      }
    });

    it('says that the image is missing, when it is under none of its names', async () => {
      gateway.simulator.images.clear();
      await assert.rejects(
        (await open()).fetch(target, () => undefined, NO_SIGNAL),
        (error: unknown) => error instanceof TransportError && /app%201\.0.*answered 404/.test(error.message),
      );
      assert.equal(gateway.requests.length, 3);
    });

    it('takes no OSTree image and no image without a hash [5.2.3.1-2]', async () => {
      const refused = (error: unknown) => error instanceof InstallError && error.code === 'rejected_format';
      await assert.rejects(
        (await open()).fetch({ ...target, targetFormat: 'OSTREE' }, () => undefined, NO_SIGNAL),
        refused,
      );
      await assert.rejects(
        (await open()).fetch({ ...target, hashes: {} }, () => undefined, NO_SIGNAL),
        refused,
      );
      assert.equal(existsSync(join(folder.path, 'images')), false);
    });

    it('goes on with the partial file of an earlier client', async () => {
      const manager = await open();
      await manager.fetch(target, () => undefined, NO_SIGNAL);
      const file = join(folder.path, 'images', names.get(target.name) ?? '');
      writeFileSync(file, 'an i');
      assert.equal(await manager.verify(target), 'incomplete');
      gateway.requests.length = 0;
      assert.equal(await manager.fetch(target, () => undefined, NO_SIGNAL), 'fetched');
      assert.equal(gateway.requests[0]?.headers.range, 'bytes=4-');
    });

    it('says what the file system refused, as a fault that may pass', async () => {
      const manager = await open();
      const takeAway = () => rmSync(join(folder.path, 'images'), { recursive: true, force: true });
      await assert.rejects(manager.fetch(target, takeAway, NO_SIGNAL), (error: unknown) => {
        assert.ok(error instanceof StorageError, String(error));
        assert.equal(error.code, 'io');
        assert.match(error.message, /cannot be read or written: ENOENT\.$/);
        return true;
      });
    });

    it('knows no current image before the first installation', async () => {
      assert.equal(await (await open()).current(), undefined);
    });

    it('names a package manager that is not built in', async () => {
      await assert.rejects(
        () => open('rpm'),
        (error: unknown) =>
          error instanceof ConfigError &&
          /"rpm" \(pacman\.type\) is not built in; known: none/.test(error.message),
      );
    });
  });
});

describe('file signer', () => {
  it('says that there is no key, before the device was provisioned', () => {
    const identity = { primaryKey: () => undefined } as unknown as IdentityStore;
    assert.throws(
      () => createFileSigner(identity),
      (error: unknown) => error instanceof ProvisioningError && error.code === 'not_provisioned',
    );
  });
});
