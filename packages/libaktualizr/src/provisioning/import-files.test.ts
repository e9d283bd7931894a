import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';

import { clientKeyId, generateKeyPair, parseEcuSerial } from '@ota-connect/uptane';
import type { KeyPair } from '@ota-connect/uptane';

import { fixture, temporaryDirectory } from '../../test/temporary-directory.ts';
import { openStorage } from '../adapters/storage/sqlite-storage.ts';
import type { SqliteStorage } from '../adapters/storage/sqlite-storage.ts';
import type { Config } from '../config/config.ts';
import { defaultConfig } from '../config/defaults.ts';
import { ConfigError } from '../errors.ts';
import { readPkcs12 } from './pkcs12.ts';
import { prepareDevice } from './prepare-device.ts';

const PRIMARY = parseEcuSerial('PRIMARY-1');

type Device = {
  readonly config: Config;
  readonly storage: SqliteStorage;
  readonly put: (name: string, content: string | Uint8Array) => string;
};

function device(test: TestContext, uptane: Partial<Config['uptane']> = { keyType: 'ED25519' }): Device {
  const directory = temporaryDirectory(test);
  const base = defaultConfig();
  const basePath = join(directory, 'import');
  for (const folder of ['', 'repo', 'director']) mkdirSync(join(basePath, folder), { recursive: true });
  const config: Config = {
    ...base,
    provision: { ...base.provision, primaryEcuSerial: PRIMARY },
    uptane: { ...base.uptane, ...uptane },
    storage: { ...base.storage, path: join(directory, 'sota') },
    import: {
      basePath,
      uptanePrivateKeyPath: 'ecu.key',
      uptanePublicKeyPath: 'ecu.pub',
      tlsCacertPath: 'root.crt',
      tlsPkeyPath: 'pkey.pem',
      tlsClientcertPath: 'client.pem',
    },
  };
  const storage = openStorage(config.storage);
  test.after(() => storage.close());
  const put = (name: string, content: string | Uint8Array): string => {
    writeFileSync(join(basePath, name), content);
    return join(basePath, name);
  };
  return { config, storage, put };
}

function putTls({ put }: Device, name: string, password = ''): void {
  const { chain, certificate, privateKey } = readPkcs12(
    readFileSync(fixture(`pkcs12/${name}`)),
    password,
    name,
  );
  put('root.crt', chain.join(''));
  put('client.pem', certificate);
  put('pkey.pem', privateKey);
}

/** Root of the Director as the original stored it. */
function goldenRoot(test: TestContext): Uint8Array {
  const directory = temporaryDirectory(test);
  writeFileSync(join(directory, 'sql.db'), readFileSync(fixture('storage-v25-after-update.db')));
  const storage = openStorage({ ...defaultConfig().storage, path: directory }, { readOnly: true });
  const root = storage.metadata.director.load('root');
  storage.close();
  return root ?? assert.fail('no root in the fixture');
}

describe('import of TLS files', () => {
  it('stores them, and again when they were replaced', async (test) => {
    const car = device(test);
    putTls(car, 'ec-empty.p12');
    assert.deepEqual((await prepareDevice(car.config, car.storage)).warnings, []);
    const first = car.storage.credentials.tls();
    await prepareDevice(car.config, car.storage);
    assert.equal(car.storage.credentials.tls(), first, 'unchanged files were stored again');
    putTls(car, 'ed-empty.p12');
    await prepareDevice(car.config, car.storage);
    assert.notEqual(car.storage.credentials.tls()?.privateKey, first?.privateKey);
  });

  it('leaves a certificate alone that the device has renewed since, also when some files are gone', async (test) => {
    const car = device(test);
    putTls(car, 'ec-empty.p12');
    await prepareDevice(car.config, car.storage);
    const renewed = { ca: 'CA', certificate: 'RENEWED', privateKey: 'KEY' };
    car.storage.credentials.saveTls(renewed);
    assert.deepEqual((await prepareDevice(car.config, car.storage)).warnings, []);
    assert.deepEqual(car.storage.credentials.tls(), renewed);
    rmSync(join(car.config.import.basePath, 'pkey.pem'));
    assert.equal((await prepareDevice(car.config, car.storage)).warnings.length, 1);
    assert.deepEqual(car.storage.credentials.tls(), renewed);
    putTls(car, 'ed-empty.p12');
    await prepareDevice(car.config, car.storage);
    assert.notEqual(car.storage.credentials.tls()?.certificate, 'RENEWED');
  });

  it('takes over a certificate of another name, and says what the server will make of it', async (test) => {
    const car = device(test);
    car.storage.identity.saveDeviceId('car-7');
    putTls(car, 'ec-empty.p12');
    const { warnings } = await prepareDevice(car.config, car.storage);
    assert.match(
      warnings[0] ?? '',
      /is of ".*", this device is "car-7": the server will take it for another/,
    );
    assert.notEqual(car.storage.credentials.tls(), undefined);
  });

  it('keeps what is stored with a warning, when files are missing', async (test) => {
    const car = device(test);
    car.storage.credentials.saveTls({ ca: 'CA', certificate: 'CERT', privateKey: 'KEY' });
    const { warnings } = await prepareDevice(car.config, car.storage);
    assert.equal(warnings.length, 3);
    assert.match(warnings[0] ?? '', /root\.crt cannot be read; the stored credentials stay/);
    assert.equal(car.storage.credentials.tls()?.certificate, 'CERT');
  });

  it('keeps what is stored, when only the certificate was replaced so far', async (test) => {
    const car = device(test);
    putTls(car, 'ec-empty.p12');
    await prepareDevice(car.config, car.storage);
    const stored = car.storage.credentials.tls();
    car.put('client.pem', readPkcs12(readFileSync(fixture('pkcs12/ed-empty.p12')), '', 'other').certificate);
    const { warnings } = await prepareDevice(car.config, car.storage);
    assert.match(
      warnings[0] ?? '',
      /were not taken over: the certificate and the key do not belong together/,
    );
    assert.deepEqual(car.storage.credentials.tls(), stored);
    car.put('client.pem', 'no certificate');
    assert.match((await prepareDevice(car.config, car.storage)).warnings[0] ?? '', /no PEM file/);
  });
});

describe('Uptane key of the Primary', () => {
  it('differs from that of any other device [5.4.1-5]', async (test) => {
    const keys = [];
    for (const car of [device(test), device(test)]) {
      await prepareDevice(car.config, car.storage);
      keys.push(car.storage.identity.primaryKey()?.publicKey.keyval.public);
    }
    assert.ok(keys[0]);
    assert.notEqual(keys[0], keys[1]);
  });

  it('is generated once and kept; a configuration that wants another type later is refused [5.4.1-5]', async (test) => {
    const car = device(test);
    const first = await prepareDevice(
      { ...car.config, provision: { ...car.config.provision, primaryEcuSerial: '' } },
      car.storage,
    );
    const key = car.storage.identity.primaryKey();
    assert.ok(key);
    assert.equal(key.publicKey.keytype, 'ED25519');
    assert.equal(first.primary.serial, clientKeyId(key.publicKey));
    await prepareDevice(car.config, car.storage);
    assert.deepEqual(car.storage.identity.primaryKey(), key);
    const changed = { ...car.config, uptane: { ...car.config.uptane, keyType: 'RSA3072' } } as const;
    await assert.rejects(prepareDevice(changed, car.storage), (error: unknown) => {
      assert.ok(error instanceof ConfigError);
      assert.match(
        error.message,
        /key_type is "RSA3072", but .* this device has is of the type ED25519: set/,
      );
      return true;
    });
    assert.deepEqual(car.storage.identity.primaryKey(), key);
  });

  it('is known by its size: RSA of 2048 bits is not RSA of 3072', async (test) => {
    const car = device(test, { keyType: 'RSA2048' });
    await prepareDevice(car.config, car.storage);
    const changed = { ...car.config, uptane: { ...car.config.uptane, keyType: 'RSA3072' } } as const;
    await assert.rejects(prepareDevice(changed, car.storage), /of the type RSA2048: set/);
    await prepareDevice(car.config, car.storage);
  });

  for (const type of ['RSA2048', 'ED25519'] as const) {
    it(`is taken over from files, when none is stored: ${type}`, async (test) => {
      const car = device(test, { keyType: type });
      const pair: KeyPair = await generateKeyPair(type);
      car.put('ecu.pub', pair.publicKey.keyval.public);
      car.put('ecu.key', pair.privateKey);
      await prepareDevice(car.config, car.storage);
      assert.deepEqual(car.storage.identity.primaryKey(), pair);
    });
  }

  it('is not taken over, when it is of another type than is configured', async (test) => {
    const car = device(test, { keyType: 'ED25519' });
    const pair = await generateKeyPair('RSA2048');
    car.put('ecu.pub', pair.publicKey.keyval.public);
    car.put('ecu.key', pair.privateKey);
    await assert.rejects(prepareDevice(car.config, car.storage), /that was imported is of the type RSA2048/);
    assert.equal(car.storage.identity.primaryKey(), undefined);
  });

  it('is refused, when the halves do not belong together', async (test) => {
    const car = device(test);
    const [one, other] = [await generateKeyPair('ED25519'), await generateKeyPair('ED25519')];
    car.put('ecu.pub', one.publicKey.keyval.public);
    car.put('ecu.key', other.privateKey);
    await assert.rejects(prepareDevice(car.config, car.storage), ConfigError);
    assert.equal(car.storage.identity.primaryKey(), undefined);
  });

  it('needs a serial and a hardware id that can be some', async (test) => {
    const car = device(test);
    const config = {
      ...car.config,
      provision: { ...car.config.provision, primaryEcuSerial: 'x'.repeat(65) },
    };
    await assert.rejects(
      prepareDevice(config, car.storage),
      /provision\.primary_ecu_serial: .*longer than 64/,
    );
  });
});

describe('pre-installed Root', () => {
  it('is stored under its version for its repository, when none is stored [5.4.1-1]', async (test) => {
    const car = device(test);
    const root = goldenRoot(test);
    car.put('director/root.json', root);
    await prepareDevice(car.config, car.storage);
    assert.deepEqual(car.storage.metadata.director.loadRoot(1), root);
    assert.equal(car.storage.metadata.image.load('root'), undefined);
  });

  it('does not replace what the device has learnt since', async (test) => {
    const car = device(test);
    car.storage.metadata.image.save('root', Buffer.from('newer'), 4);
    car.put('repo/root.json', goldenRoot(test));
    await prepareDevice(car.config, car.storage);
    assert.equal(Buffer.from(car.storage.metadata.image.load('root') ?? []).toString(), 'newer');
    assert.equal(car.storage.metadata.image.loadRoot(1), undefined);
  });

  it('stops the device, when it is damaged: trust on first use is not what was ordered [5.4.1-1]', async (test) => {
    const car = device(test);
    const file = car.put('director/root.json', '{"signatures":[]');
    await assert.rejects(prepareDevice(car.config, car.storage), (error) => {
      assert.ok(error instanceof ConfigError);
      return error.message.includes(file);
    });
  });
});

describe('log of a flashed image', () => {
  const VERSIONS = {
    'new.bin': {
      length: 7,
      hashes: { sha256: 'AB'.repeat(32) },
      is_current: true,
      custom: { targetFormat: 'BINARY' },
    },
    'old.bin': { length: 5, hashes: { sha256: 'cd'.repeat(32) } },
  };

  it('becomes the first entry of the installation log, and the file goes', async (test) => {
    const car = device(test);
    const file = car.put('installed_versions', JSON.stringify(VERSIONS));
    await prepareDevice(car.config, car.storage);
    const current = car.storage.installations.current(PRIMARY);
    assert.equal(current?.name, 'new.bin');
    assert.deepEqual(current?.hashes, { sha256: 'ab'.repeat(32) });
    assert.equal(current?.lengthBytes, 7);
    assert.deepEqual(
      car.storage.installations.log(PRIMARY).map(({ name }) => name),
      ['new.bin'],
    );
    assert.equal(existsSync(file), false);
  });

  it('is ignored, when the device has a log of its own', async (test) => {
    const car = device(test);
    car.put('installed_versions', JSON.stringify(VERSIONS));
    const own = {
      ecuSerial: PRIMARY,
      name: 'own.bin',
      lengthBytes: 1,
      hashes: { sha256: 'ef'.repeat(32) },
      correlationId: '',
      customMeta: {},
    };
    car.storage.installations.save(own, 'current');
    await prepareDevice(car.config, car.storage);
    assert.equal(car.storage.installations.current(PRIMARY)?.name, 'own.bin');
  });

  it('of the old form names versions, none of them current, and stays', async (test) => {
    const car = device(test);
    const file = car.put('installed_versions', JSON.stringify({ ['AB'.repeat(32)]: 'some.bin' }));
    await prepareDevice(car.config, car.storage);
    assert.equal(car.storage.installations.current(PRIMARY), undefined);
    assert.equal(existsSync(file), true);
  });
});
