// Attested time: what is accepted, and everything that is not. What a clock is worth is beside it.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import {
  fixedKey,
  fixedKeys,
  RepositorySimulator,
  underKeyId,
  type SimulatedTime,
} from '@ota-connect/testkit';
import {
  addSeconds,
  attestedTime,
  canonicalText,
  checkAttestedTime,
  CodedError,
  DEFAULT_LIMITS,
  formatInstant,
  jsonObject,
  MetadataError,
  parseEnvelope,
  parseInstant,
  parseKeyId,
  parseRoot,
  signEnvelope,
  storedAttestedTime,
  type Instant,
  type JsonObject,
  type Root,
} from '../../src/index.ts';

const NONCE = '0123456789abcdef0123456789ABCDEF';
const NOW = parseInstant('2031-05-06T07:08:09Z');

/** The Director's newest Root, as a client reads it. */
function rootOf(simulator: RepositorySimulator): Root {
  const bytes = simulator.director.files.get('root.json');
  assert.ok(bytes);
  return parseRoot(parseEnvelope(bytes, { role: 'root', repository: 'director' }), 'director');
}

describe('attested time', () => {
  let simulator: RepositorySimulator;
  let time: SimulatedTime;
  let root: Root;
  before(async () => {
    simulator = await RepositorySimulator.create();
    time = await simulator.attestTime(NOW);
    root = rootOf(simulator);
  });

  const answered = async (): Promise<Uint8Array> => {
    const bytes = await time.answer(NONCE);
    assert.ok(bytes !== 'absent');
    return bytes;
  };

  function refused(received: Uint8Array, why: RegExp, by: Root = root, notBefore?: Instant): void {
    assert.throws(
      () =>
        checkAttestedTime(received, by, { nonce: NONCE, ...(notBefore === undefined ? {} : { notBefore }) }),
      (error) =>
        error instanceof MetadataError &&
        error.wireCode === 'TimeUntrusted' &&
        error.attack === 'freeze' &&
        why.test(error.message),
    );
  }

  it('is taken with our nonce and the signature of the role [5.4-2, 5.4-7]', async () => {
    assert.equal(checkAttestedTime(await answered(), root, { nonce: NONCE }), NOW);
    assert.equal(checkAttestedTime(await answered(), root, { nonce: NONCE, notBefore: NOW }), NOW);
  });

  it('is written as it is read', () => {
    assert.equal(
      canonicalText(attestedTime({ time: NOW, nonce: NONCE })),
      `{"_type":"Time","nonce":"${NONCE}","time":"2031-05-06T07:08:09Z"}`,
    );
    for (const nonce of ['', 'a'.repeat(31), 'a'.repeat(129), `${'a'.repeat(31)}g`, `${NONCE}\n`]) {
      assert.throws(
        () => attestedTime({ time: NOW, nonce }),
        (error) => error instanceof CodedError && error.code === 'invalid_nonce',
      );
    }
  });

  it('is refused for another nonce, and one that differs in case alone: an old answer cannot be replayed', async () => {
    const received = await time.answer('f'.repeat(32));
    assert.ok(received !== 'absent');
    refused(received, /another question/);
    const lower = await time.answer(NONCE.toLowerCase());
    assert.ok(lower !== 'absent');
    refused(lower, /another question/);
  });

  it('is refused when it is older than one that was attested before', async () => {
    refused(await answered(), /was attested before/, root, addSeconds(NOW, 1));
  });

  it('is refused without enough signatures of the role: none, another key, another role’s key', async () => {
    const unsigned = attestedTime({ time: NOW, nonce: NONCE });
    refused(await signEnvelope(unsigned, []), /0 valid signatures of 1/);
    const stranger = await fixedKey('stranger');
    refused(await signEnvelope(unsigned, [stranger.signer]), /0 valid signatures/);
    const own = await fixedKey('director time');
    refused(await signEnvelope(unsigned, [underKeyId(stranger, own.keyId).signer]), /0 valid signatures/);
    for (const role of ['root', 'timestamp', 'snapshot', 'targets']) {
      refused(
        await signEnvelope(unsigned, [(await fixedKey(`director ${role}`)).signer]),
        /0 valid signatures/,
      );
    }
  });

  it('counts keys, not key ids, and refuses a key id twice', async () => {
    const [one, two] = await fixedKeys('time', 2);
    assert.ok(one !== undefined && two !== undefined);
    const twin = underKeyId(one, parseKeyId('twin'));
    const other = await RepositorySimulator.create();
    other.director.time = { keys: [one, two, twin], threshold: 2 };
    await other.director.publishRoot();
    const strict = rootOf(other);
    const unsigned = attestedTime({ time: NOW, nonce: NONCE });
    const signedBy = (...keys: (typeof one)[]) =>
      signEnvelope(
        unsigned,
        keys.map((key) => key.signer),
      );
    refused(await signedBy(one), /1 valid signatures of 2/, strict);
    refused(await signedBy(one, twin), /1 valid signatures of 2/, strict);
    refused(await signedBy(one, two, one), /twice/, strict);
    assert.equal(checkAttestedTime(await signedBy(one, two), strict, { nonce: NONCE }), NOW);
  });

  it('is refused by a Root that names no keys for it', async () => {
    refused(await answered(), /names no keys/, rootOf(await RepositorySimulator.create()));
  });

  it('is refused when it is no time, or not one that can be read', async () => {
    const key = await fixedKey('director time');
    const signed = (
      edit: (entries: [string, JsonObject[string]][]) => readonly (readonly [string, JsonObject[string]])[],
    ) =>
      signEnvelope(jsonObject(edit(Object.entries(attestedTime({ time: NOW, nonce: NONCE })))), [key.signer]);
    const without = (name: string) => signed((entries) => entries.filter(([found]) => found !== name));
    refused(await without('_type'), /cannot be read/);
    refused(await without('nonce'), /cannot be read/);
    refused(await without('time'), /cannot be read/);
    refused(await signed((entries) => [...entries, ['_type', 'Timestamp']]), /says that it is "Timestamp"/);
    for (const text of ['2031-05-06T07:08:09', '2031-05-06T07:08:60Z', '2031-02-30T07:08:09Z', '', 'now'])
      refused(await signed((entries) => [...entries, ['time', text]]), /cannot be read/);
    refused(await signed((entries) => [...entries, ['time', NOW]]), /cannot be read/);
    const text = Buffer.from(await answered()).toString('utf8');
    for (const broken of [
      '',
      '{',
      '[]',
      'null',
      text.slice(0, -1),
      `${text}x`,
      `\uFEFF${text}`,
      text.replace('"_type"', '"nonce"'),
    ])
      refused(Buffer.from(broken), /cannot be read/);
    refused(Buffer.from(text.replace('"ed25519"', '"ed448"')), /unknown method/);
  });

  it('is refused when one byte of it is another', async () => {
    const received = await answered();
    for (let at = 0; at < received.byteLength; at += 1) {
      const changed = Uint8Array.from(received);
      changed[at] = (changed[at] ?? 0) ^ 1;
      let taken: Instant | undefined;
      try {
        taken = checkAttestedTime(changed, root, { nonce: NONCE });
      } catch (error) {
        assert.ok(error instanceof MetadataError && error.code === 'TimeUntrusted', String(error));
      }
      // Nothing rests on the case of a method.
      assert.ok(taken === undefined || taken === NOW);
    }
  });

  it('is refused beyond its size, however well signed, and under any limit that is set', async () => {
    const key = await fixedKey('director time');
    const long = jsonObject([
      ...Object.entries(attestedTime({ time: NOW, nonce: NONCE })),
      ['pad', 'x'.repeat(16_384)],
    ]);
    refused(await signEnvelope(long, [key.signer]), /longer than 16384 bytes/);
    const signatures = Array.from({ length: 100 }, (_, at) => underKeyId(key, parseKeyId(String(at))).signer);
    const many = await signEnvelope(attestedTime({ time: NOW, nonce: NONCE }), signatures);
    refused(many, /valid signatures|longer/);
    const bytes = await answered();
    const limits = { ...DEFAULT_LIMITS, timeBytes: bytes.byteLength };
    assert.equal(checkAttestedTime(bytes, root, { nonce: NONCE }, limits), NOW);
  });

  it('keeps members that it does not know under the signature, and ignores them', async () => {
    const key = await fixedKey('director time');
    const more = jsonObject([...Object.entries(attestedTime({ time: NOW, nonce: NONCE })), ['note', 'x']]);
    assert.equal(checkAttestedTime(await signEnvelope(more, [key.signer]), root, { nonce: NONCE }), NOW);
  });

  it('counts when kept as long as one of today’s keys stands behind it: a stolen key’s future ends with the key', async () => {
    const other = await RepositorySimulator.create();
    const server = await other.attestTime(addSeconds(NOW, 1_000_000_000));
    const kept = await server.answer(NONCE);
    assert.ok(kept !== 'absent');
    assert.equal(storedAttestedTime(kept, rootOf(other)), addSeconds(NOW, 1_000_000_000));
    const [one, two] = await fixedKeys('new time', 2);
    assert.ok(one !== undefined && two !== undefined);
    other.director.time = { keys: [...server.keys, one, two], threshold: 3 };
    await other.director.publishRoot();
    assert.equal(storedAttestedTime(kept, rootOf(other)), addSeconds(NOW, 1_000_000_000));
    other.director.time = { keys: [one, two], threshold: 1 };
    await other.director.publishRoot();
    assert.equal(storedAttestedTime(kept, rootOf(other)), undefined);
    other.director.time = undefined;
    await other.director.publishRoot();
    assert.equal(storedAttestedTime(kept, rootOf(other)), undefined);
    assert.equal(storedAttestedTime(Buffer.from('{}'), rootOf(simulator)), undefined);
  });
});

describe('role `time` of Root', () => {
  it('is the Director’s alone, and as strict as every role [5.2.2-2]', async () => {
    const simulator = await RepositorySimulator.create();
    const key = await fixedKey('director time');
    simulator.director.time = { keys: [key], threshold: 1 };
    simulator.image.time = { keys: [key], threshold: 1 };
    await Promise.all([simulator.director.publishRoot(), simulator.image.publishRoot()]);
    assert.deepEqual(rootOf(simulator).timeKeys, { keyIds: [key.keyId], threshold: 1 });
    const image = simulator.image.files.get('root.json');
    assert.ok(image);
    const parsed = parseRoot(parseEnvelope(image, { role: 'root', repository: 'image' }), 'image');
    assert.equal(parsed.timeKeys, undefined);
    const { root } = simulator.director.roles;
    for (const [role, code] of [
      [
        jsonObject([
          ['keyids', [key.keyId]],
          ['threshold', 0],
        ]),
        'IllegalThreshold',
      ],
      [
        jsonObject([
          ['keyids', [key.keyId]],
          ['threshold', '1'],
        ]),
        'IllegalThreshold',
      ],
      [
        jsonObject([
          ['keyids', key.keyId],
          ['threshold', 1],
        ]),
        'SecurityException',
      ],
      [jsonObject([['threshold', 1]]), 'SecurityException'],
      [[], 'SecurityException'],
    ] as const) {
      root.edit = (signed) =>
        jsonObject([
          ...Object.entries(signed),
          ['roles', jsonObject([...Object.entries(signed['roles'] as JsonObject), ['time', role]])],
        ]);
      await simulator.director.publishRoot();
      assert.throws(
        () => rootOf(simulator),
        (error) => error instanceof MetadataError && error.code === code,
        `${JSON.stringify(role)} ${formatInstant(NOW)}`,
      );
    }
  });
});
