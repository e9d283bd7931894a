import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'node:test';
import { relisted, TUF_KEY_KINDS, tufKey, type TufKey, type TufRepository } from '@ota-connect/testkit';
import { checkFirstRoot, MetadataError, TUF_DIALECT, TUF_LIMITS } from '../../src/index.ts';
import type { JsonObject, JsonValue } from '../../src/index.ts';
import { newRepository, refreshed, type TufClient } from './tuf-client.ts';

const ROLES = ['root', 'timestamp', 'snapshot', 'targets'] as const;
type Role = (typeof ROLES)[number];
const TITLES = { root: 'Root', timestamp: 'Timestamp', snapshot: 'Snapshot', targets: 'Targets' } as const;

/** Publishes the next version of a role, whatever else has to follow. */
function republish(repository: TufRepository, role: Role): void {
  if (role === 'root') repository.publishRoot();
  else repository.publish();
}

/** What was trusted before is trusted still. */
async function refusesNext(
  world: { repository: TufRepository; client: TufClient },
  role: Role,
  code: string,
) {
  republish(world.repository, role);
  const error = await world.client.refuses(code);
  assert.equal(world.client.version(role), 1);
  return error;
}

/** Snapshot is judged by these keys from the next Root on. */
function listForSnapshot(repository: TufRepository, keys: readonly TufKey[], threshold = 1): void {
  repository.roles.snapshot.keys = keys;
  repository.roles.snapshot.threshold = threshold;
  repository.publishRoot();
  repository.publish();
}

function editRoot(repository: TufRepository, edit: (roles: Record<Role, Record<string, JsonValue>>) => void) {
  repository.roles.root.edit = (signed) => {
    const copy = structuredClone(signed);
    edit(copy['roles'] as unknown as Record<Role, Record<string, JsonValue>>);
    return copy;
  };
  repository.publishRoot();
}

describe('signatures in plain TUF', () => {
  for (const role of ROLES) {
    const title = TITLES[role];
    it(`refuses ${title} without signatures`, async () => {
      const world = await refreshed();
      world.repository.roles[role].signWith = [];
      await refusesNext(world, role, `UnmetThreshold::${title}`);
    });

    it(`refuses ${title} that is signed by another role's key`, async () => {
      const world = await refreshed();
      world.repository.roles[role].signWith = [tufKey(role === 'root' ? 'targets' : 'root')];
      await refusesNext(world, role, 'BadKeyId');
    });

    it(`refuses ${title} with the signature of another document`, async () => {
      const world = await refreshed();
      const { keyId } = tufKey(role);
      world.repository.roles[role].editSignatures = () => [
        { keyid: keyId, sig: tufKey(role).sign(Buffer.of(1)) },
      ];
      await refusesNext(world, role, 'BadKeyId');
    });

    it(`refuses ${title} that one key id has signed twice, though it meets its threshold`, async () => {
      const world = await refreshed();
      world.repository.roles[role].editSignatures = (all) => [...all, ...all];
      await refusesNext(world, role, `NonUniqueSignatures::${title}`);
    });

    it(`takes ${title} with placeholders, junk and strangers beside enough signatures`, async () => {
      const { repository, client } = await refreshed();
      repository.roles[role].editSignatures = (all) => [
        { keyid: 'one who has yet to sign', sig: '' },
        { keyid: tufKey('stranger').keyId, sig: tufKey('stranger').sign(Buffer.of(1)) },
        ...all,
        { keyid: 'junk', sig: 'not hexadecimal' },
        { keyid: 'half', sig: 'abc', comment: [{ any: 'thing' }] },
      ];
      republish(repository, role);
      await client.refresh();
      assert.equal(client.version(role), 2);
    });

    it(`takes ${title} in which a key of the role has not signed well, when others have`, async () => {
      const { repository, client } = await refreshed();
      repository.roles[role].keys = [tufKey(role), tufKey('second'), tufKey('third')];
      repository.publishRoot();
      repository.roles[role].editSignatures = (all) =>
        all.map((entry, index) => (index === 1 ? { ...entry, sig: '' } : entry));
      republish(repository, role);
      await client.refresh();
      assert.equal(client.version(role), role === 'root' ? 3 : 2);
    });

    it(`counts the threshold of ${title}`, async () => {
      const { repository, client } = await refreshed();
      const keys = [tufKey(role), tufKey('second'), tufKey('third')];
      Object.assign(repository.roles[role], { keys, threshold: 2 });
      repository.publishRoot();
      repository.roles[role].signWith = [tufKey('third')];
      republish(repository, role);
      await client.refuses(`UnmetThreshold::${title}`);
      repository.roles[role].signWith = [tufKey('third'), tufKey('stranger')];
      if (role === 'root') repository.roles.root.version -= 1;
      republish(repository, role);
      await client.refuses(`UnmetThreshold::${title}`);
      repository.roles[role].signWith = [tufKey('third'), tufKey(role)];
      if (role === 'root') repository.roles.root.version -= 1;
      republish(repository, role);
      await client.refresh();
    });
  }

  it('takes a Root that gives a role fewer keys than its threshold, and refuses what it cannot have signed', async () => {
    const { repository, client } = await refreshed();
    listForSnapshot(repository, [tufKey('snapshot'), tufKey('second')], 3);
    await client.refuses('UnmetThreshold::Snapshot');
    assert.deepEqual([client.version('root'), client.version('snapshot')], [2, 1]);
  });

  it('refuses a Root in which a role lists a key id twice', async () => {
    const { repository, client } = await refreshed();
    editRoot(repository, ({ snapshot }) => {
      snapshot['keyids'] = Array.from({ length: 9 }, () => tufKey('snapshot').keyId);
      snapshot['threshold'] = 6;
    });
    assert.match((await client.refuses('SecurityException::Root')).message, /names a key id twice/);
  });

  it('counts one key under two ids once', async () => {
    const { repository, client } = await refreshed();
    const twin = relisted(tufKey('snapshot'), { keyId: 'twin' });
    listForSnapshot(repository, [tufKey('snapshot'), twin], 2);
    await client.refuses('UnmetThreshold::Snapshot');
  });

  it('counts one key once, however its point is written', async () => {
    const { repository, client } = await refreshed();
    const key = tufKey('point', 'ecdsa-p256');
    const { public: pem = '' } = key.listed['keyval'] as { public?: string };
    const der = Buffer.from(pem.replaceAll(/-----[A-Z ]+-----|\n/g, ''), 'base64');
    const [x, y] = [der.subarray(-64, -32), der.subarray(-32)];
    const head = Buffer.from('3039301306072a8648ce3d020106082a8648ce3d030107032200', 'hex');
    const short = Buffer.concat([head, Buffer.of(2 + ((y.at(-1) ?? 0) & 1)), x]).toString('base64');
    const keyval = { public: `-----BEGIN PUBLIC KEY-----\n${short}\n-----END PUBLIC KEY-----\n` };
    const twin = relisted(key, { keyId: 'twin', listed: { ...key.listed, keyval } });
    listForSnapshot(repository, [key, twin], 2);
    await client.refuses('UnmetThreshold::Snapshot');
    listForSnapshot(repository, [twin]);
    await client.refresh();
  });

  it('takes key ids as they are', async () => {
    const { repository, client } = await refreshed();
    listForSnapshot(repository, [relisted(tufKey('snapshot'), { keyId: 'no hash of anything' })]);
    await client.refresh();
    assert.equal(client.version('snapshot'), 2);
  });

  for (const [what, threshold] of [
    ['0', 0],
    ['negative', -1],
    ['not whole', 1.5],
    ['text', '1'],
    ['absurd', 1_000_000],
    ['absent', null],
  ] as const) {
    for (const role of ROLES) {
      it(`refuses a Root whose threshold for ${TITLES[role]} is ${what}`, async () => {
        const { repository, client } = await refreshed();
        editRoot(repository, (roles) => {
          roles[role]['threshold'] = threshold;
        });
        await client.refuses(
          what === 'not whole' ? 'SecurityException::Root' : `IllegalThreshold::${TITLES[role]}`,
        );
        assert.equal(client.version('root'), 1);
      });
    }
  }
});

describe('keys in plain TUF', () => {
  for (const kind of TUF_KEY_KINDS) {
    it(`verifies with ${kind}, and notices a wrong signature`, async () => {
      const { repository, client } = await refreshed();
      const key = tufKey('snapshot of that kind', kind);
      listForSnapshot(repository, [key]);
      await client.refresh();
      assert.equal(client.version('snapshot'), 2);
      repository.roles.snapshot.editSignatures = () => [{ keyid: key.keyId, sig: key.sign(Buffer.of(1)) }];
      repository.publish();
      await client.refuses('BadKeyId');
    });
  }

  for (const [keytype, kind] of [
    ['ecdsa-sha2-nistp256', 'ecdsa-p256'],
    ['ecdsa-sha2-nistp384', 'ecdsa-p384'],
  ] as const) {
    it(`reads the key type ${keytype} of old`, async () => {
      const { repository, client } = await refreshed();
      const key = tufKey('old', kind);
      listForSnapshot(repository, [relisted(key, { listed: { ...key.listed, keytype } })]);
      await client.refresh();
    });
  }

  it('ignores what else a key says of itself', async () => {
    const { repository, client } = await refreshed();
    const { listed } = tufKey('snapshot');
    const more = { 'x-tuf-on-ci-keyowner': '@somebody', keyid_hash_algorithms: ['md5'] };
    listForSnapshot(repository, [relisted(tufKey('snapshot'), { listed: { ...listed, ...more } })]);
    await client.refresh();
  });

  const ec = (kind: 'ecdsa-p256' | 'ecdsa-p384'): JsonObject => tufKey('other', kind).listed;
  const pem = (modulusLength: number): string =>
    generateKeyPairSync('rsa', { modulusLength })
      .publicKey.export({ format: 'pem', type: 'spki' })
      .toString();
  const rsa = { keytype: 'rsa', scheme: 'rsassa-pss-sha256' };
  const unusable: ReadonlyMap<string, JsonObject> = new Map<string, JsonObject>([
    [
      'of a kind that others know',
      { keytype: 'sigstore-oidc', scheme: 'Fulcio', keyval: { identity: 'a', issuer: 'b' } },
    ],
    ['with an unknown scheme', { ...tufKey('snapshot').listed, scheme: 'ed448' }],
    ['with the scheme of another kind', { ...tufKey('snapshot').listed, scheme: 'rsassa-pss-sha256' }],
    ['that is junk', { ...rsa, keyval: { public: 'junk' } }],
    ['of RSA with 1024 bits', { ...rsa, keyval: { public: pem(1024) } }],
    ['that is a number', { ...rsa, keyval: { public: 7 } }],
    ['that is empty', { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: '' } }],
    ['of small order', { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: `01${'0'.repeat(62)}` } }],
    [
      'whose curve is another one than its scheme says',
      { ...ec('ecdsa-p256'), scheme: 'ecdsa-sha2-nistp384' },
    ],
    ['of ECDSA that says it is RSA', { ...ec('ecdsa-p256'), ...rsa }],
    [
      'named like a property of every object',
      { keytype: 'constructor', scheme: '__proto__', keyval: { public: '' } },
    ],
  ]);
  for (const [what, listed] of unusable) {
    it(`lets a key ${what} stand in Root, and never counts it`, async () => {
      const { repository, client } = await refreshed();
      const strange = relisted(tufKey('snapshot'), { keyId: 'strange', listed });
      listForSnapshot(repository, [tufKey('snapshot'), strange]);
      await client.refresh();
      assert.equal(client.version('snapshot'), 2);
      listForSnapshot(repository, [tufKey('snapshot'), strange], 2);
      await client.refuses('UnmetThreshold::Snapshot');
    });
  }

  it('refuses a delegation that means another key by the id of a key of Root', async () => {
    const { client } = await refreshed((prepared) => {
      const listed = relisted(tufKey('another'), { keyId: tufKey('snapshot').keyId });
      prepared.addImage('below.bin', Buffer.from('below'), prepared.delegate('supplier', { keys: [listed] }));
    });
    const found = await client.refresh();
    await assert.rejects(found.find('below.bin'), { code: 'SecurityException' });
    const same = await refreshed((prepared) => {
      prepared.addImage(
        'below.bin',
        Buffer.from('below'),
        prepared.delegate('supplier', { keys: [tufKey('snapshot')] }),
      );
    });
    assert.ok(await (await same.client.refresh()).find('below.bin'));
  });

  it('takes a Root that lists keys of nobody', async () => {
    const { repository, client } = await refreshed();
    repository.roles.root.edit = (signed) => ({
      ...signed,
      keys: { ...(signed['keys'] as JsonObject), unneeded: tufKey('unneeded').listed },
    });
    repository.publishRoot();
    await client.refresh();
    assert.equal(client.version('root'), 2);
  });
});

describe('the Root that a TUF client starts from', () => {
  const check = { repository: 'plain', limits: TUF_LIMITS, dialect: TUF_DIALECT } as const;
  const refusal = (bytes: Uint8Array): string => {
    try {
      checkFirstRoot(bytes, check);
      return 'none';
    } catch (error) {
      if (error instanceof MetadataError) return error.wireCode;
      throw error;
    }
  };

  it('is refused when it is not signed by its own keys, or is none', () => {
    const { repository } = newRepository();
    const honest = repository.files.get('1.root.json') ?? new Uint8Array();
    const text = new TextDecoder().decode(honest);
    const forged = Buffer.from(text.replace('"consistent_snapshot":true', '"consistent_snapshot":false'));
    assert.equal(refusal(honest), 'none');
    assert.equal(refusal(forged), 'BadKeyId');
    assert.equal(refusal(Buffer.from('{')), 'SecurityException::Root');
    assert.equal(refusal(Buffer.from(text.replace('"version":1,', ''))), 'SecurityException::Root');
    assert.equal(refusal(repository.files.get('timestamp.json') ?? honest), 'SecurityException::Root');
  });

  it('is refused before any request when what is stored does not hold', async () => {
    const { repository, client } = newRepository();
    const text = new TextDecoder().decode(client.store.load('root'));
    client.store.save('root', Buffer.from(text.replace('"version":1', '"version":2')), 1);
    await client.refuses('BadKeyId');
    assert.deepEqual(repository.requests, []);
  });

  it('never comes from the repository itself', async () => {
    const { repository, client } = newRepository();
    client.store.remove('root');
    await client.refuses('SecurityException::Root');
    assert.deepEqual(repository.requests, []);
  });

  it('can have any version', async () => {
    const { repository } = newRepository((prepared) => {
      for (let version = 1; version < 5; version += 1) prepared.publishRoot();
    });
    assert.equal(repository.roles.root.version, 4);
    const { client } = await refreshed((prepared) => {
      prepared.roles.root.version = 6;
      prepared.publishRoot();
    });
    assert.equal(client.version('root'), 7);
  });
});
