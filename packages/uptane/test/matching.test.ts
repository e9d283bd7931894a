import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PRIMARY, RepositorySimulator, SECONDARY } from '@ota-connect/testkit';
import { hashBytes, jsonObject, type HardwareId } from '../src/index.ts';
import { honestStart, TestClient } from './client.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('match Director and Image repository', () => {
  it('names image, ECUs, correlation id and both repositories’ data [full_verification/10]', async () => {
    const { simulator, client } = await honestStart();
    simulator.offer('app.bin', 'content');
    await simulator.publish();
    const verdict = await client.verify();
    assert.equal(verdict.kind, 'updates');
    assert.equal(verdict.correlationId, 'urn:here-ota:campaign:app.bin');
    const [target] = verdict.kind === 'updates' ? verdict.targets : [];
    assert.deepEqual(target?.hashes, hashBytes(bytes('content')));
    assert.deepEqual([...(target?.ecus ?? [])], [[PRIMARY.serial, PRIMARY.hardwareId]]);
    assert.equal(target?.uri, undefined);
  });

  it('finds nothing new, when the ECU runs the image [full_verification/6]', async () => {
    const { simulator, client } = await honestStart();
    simulator.offer('app.bin');
    await simulator.publish();
    const [target] = await client.updates();
    assert.ok(target);
    client.installs(target);
    const verdict = await client.verify();
    assert.equal(verdict.kind, 'nothing_new');
    assert.equal(verdict.correlationId, 'urn:here-ota:campaign:app.bin');
  });

  it('updates an ECU that runs other content under the same name [full_verification/12]', async () => {
    const { simulator, client } = await honestStart();
    client.installs({ name: 'app.bin', lengthBytes: 3, hashes: hashBytes(bytes('old')) });
    simulator.offer('app.bin', 'new');
    await simulator.publish();
    assert.equal((await client.updates())[0]?.name, 'app.bin');
  });

  it('updates an ECU that runs the same content under another name or length [full_verification/12]', async () => {
    const { simulator, client } = await honestStart();
    const { hashes, lengthBytes } = simulator.offer('app.bin', 'same');
    await simulator.publish();
    client.installs({ name: 'old.bin', lengthBytes, hashes });
    assert.equal((await client.updates())[0]?.name, 'app.bin');
    client.installs({ name: 'app.bin', lengthBytes: lengthBytes + 1, hashes });
    assert.equal((await client.updates())[0]?.name, 'app.bin');
  });

  it('tells what an ECU runs by the hashes that both list [full_verification/12]', async () => {
    const { simulator, client } = await honestStart();
    simulator.offer('app.bin', 'same');
    await simulator.publish();
    client.installs({ name: 'app.bin', lengthBytes: 4, hashes: { sha256: hashBytes(bytes('same')).sha256 } });
    assert.equal((await client.verify()).kind, 'nothing_new');
  });

  it('updates the second ECU of an entry, when the first runs the image already [full_verification/10]', async () => {
    const { simulator, client } = await honestStart();
    simulator.offer('app.bin', 'app', [PRIMARY]);
    await simulator.publish();
    const [target] = await client.updates();
    assert.ok(target);
    client.installs(target);
    simulator.offer('app.bin', 'app', [PRIMARY, SECONDARY]);
    await simulator.publish();
    assert.deepEqual(
      [...((await client.updates())[0]?.ecus ?? [])],
      [[SECONDARY.serial, SECONDARY.hardwareId]],
    );
  });

  it('refuses a mismatch of an image that is installed, when another is new [full_verification/10]', async () => {
    const { simulator, client } = await honestStart();
    simulator.offer('app.bin');
    await simulator.publish();
    const [target] = await client.updates();
    assert.ok(target);
    client.installs(target);
    simulator.offer('second.bin', 'second', [SECONDARY]);
    simulator.image.targets.delete('app.bin');
    await simulator.publish();
    await client.refuses('TargetMismatch');
  });

  it('names only what is new, when another image of the list is installed [full_verification/10]', async () => {
    const { simulator, client } = await honestStart();
    simulator.offer('app.bin');
    await simulator.publish();
    const [target] = await client.updates();
    assert.ok(target);
    client.installs(target);
    simulator.offer('second.bin', 'second', [SECONDARY]);
    await simulator.publish();
    assert.deepEqual(
      (await client.updates()).map(({ name }) => name),
      ['second.bin'],
    );
  });

  it('has nothing to do, when the Director’s list became empty [full_verification/6]', async () => {
    for (const directorFullRoles of [true, false]) {
      const simulator = await RepositorySimulator.create({ directorFullRoles });
      const client = new TestClient(simulator);
      simulator.offer('app.bin');
      await simulator.publish();
      assert.equal((await client.updates()).length, 1);
      simulator.director.targets.clear();
      await simulator.publish();
      assert.equal((await client.verify()).kind, 'nothing_new');
      assert.equal((await client.verifyStored()).kind, 'nothing_new');
    }
  });

  it('accepts further hardware ids and one hash in common [full_verification/12]', async () => {
    const { simulator, client } = await honestStart();
    const target = simulator.addImage({
      name: 'app.bin',
      content: bytes('x'),
      hardwareIds: ['other-hw', 'primary-hw'],
    });
    simulator.assign({ ...target, hashes: { sha512: (target.hashes.sha512 ?? '').toUpperCase() } });
    await simulator.publish();
    assert.equal((await client.updates()).length, 1);
  });

  it('takes the Director’s address before the Image repository’s, and no placeholder [full_verification/10, 5.2.3.1.1-7, 5.4.3.3-3]', async () => {
    const cases = [
      ['https://d/', 'https://i/', 'https://d/'],
      [null, 'https://i/', 'https://i/'],
      ['https://example.com/', 'https://i/', 'https://i/'],
      [null, 'https://example.com/', undefined],
      [null, null, undefined],
    ] as const;
    for (const [director, image, expected] of cases) {
      const { simulator, client } = await honestStart();
      const custom = jsonObject([['uri', image]]);
      const target = simulator.addImage({
        name: 'a.bin',
        content: bytes('a'),
        hardwareIds: ['primary-hw'],
        custom,
      });
      simulator.assign(target, [PRIMARY], jsonObject([['uri', director]]));
      await simulator.publish();
      assert.equal((await client.updates())[0]?.uri, expected);
    }
  });

  it('fills in the format that the Image repository alone knows [full_verification/10]', async () => {
    const { simulator, client } = await honestStart();
    const custom = jsonObject([['targetFormat', 'OSTREE']]);
    simulator.assign(
      simulator.addImage({ name: 'os', content: bytes(''), hardwareIds: ['primary-hw'], custom }),
    );
    await simulator.publish();
    const [target] = await client.updates();
    assert.equal(target?.targetFormat, 'OSTREE');
    assert.equal(target?.custom['targetFormat'], 'OSTREE');
    assert.deepEqual(Object.keys(target?.custom ?? {}), ['ecuIdentifiers', 'targetFormat']);
  });

  it('accepts custom fields that must match and do [full_verification/13]', async () => {
    const { simulator, client } = await honestStart();
    const custom = jsonObject([
      ['mustMatch', ['variant']],
      ['variant', jsonObject([['region', 'eu']])],
    ]);
    const target = simulator.addImage({
      name: 'a.bin',
      content: bytes('a'),
      hardwareIds: ['primary-hw'],
      custom,
    });
    simulator.assign(target, [PRIMARY], custom);
    await simulator.publish();
    assert.equal((await client.updates()).length, 1);
  });

  it('takes names that mean something to JavaScript as plain data [full_verification/10]', async () => {
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      const simulator = await RepositorySimulator.create();
      const client = new TestClient(simulator);
      const ecu = { serial: name as typeof PRIMARY.serial, hardwareId: name as HardwareId };
      client.vehicle = { ecus: [ecu] };
      simulator.offer(name, 'content', [ecu]);
      await simulator.publish();
      const [target] = await client.updates();
      assert.equal(target?.name, name);
      assert.deepEqual([...(target?.ecus ?? [])], [[name, name]]);
      await new TestClient(simulator).refuses('BadEcuId');
    }
  });

  /** Our builders sign ASCII alone; other servers may not. */
  const rename = (simulator: RepositorySimulator, name: 'director' | 'image', to: string): void => {
    simulator.repository(name).roles.targets.edit = (signed) =>
      JSON.parse(JSON.stringify(signed).replaceAll('NAME', to)) as typeof signed;
  };

  it('verifies names beyond ASCII over the escaped form [full_verification/11]', async () => {
    const { simulator, client } = await honestStart();
    simulator.offer('NAME.bin');
    rename(simulator, 'director', '\u00fc\u{1f600}');
    rename(simulator, 'image', '\u00fc\u{1f600}');
    await simulator.publish();
    assert.equal((await client.updates())[0]?.name, '\u00fc\u{1f600}.bin');
  });

  it('takes two spellings of one character for two names [full_verification/11, 5.2-1]', async () => {
    const { simulator, client } = await honestStart();
    simulator.offer('NAME.bin');
    rename(simulator, 'director', '\u00fc');
    rename(simulator, 'image', 'u\u0308');
    await simulator.publish();
    await client.refuses('TargetMismatch');
  });

  it('passes over an entry that names no ECU [full_verification/10]', async () => {
    const { simulator, client } = await honestStart();
    const target = simulator.addImage({ name: 'a.bin', content: bytes('a'), hardwareIds: ['primary-hw'] });
    simulator.assign(target, []);
    await simulator.publish();
    assert.equal((await client.verify()).kind, 'nothing_new');
  });
});
