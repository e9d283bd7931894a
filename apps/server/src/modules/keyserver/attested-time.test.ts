import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  canonicalBytes,
  checkAttestedTime,
  parseEnvelope,
  parsePublicKey,
  parseRoot,
  verifySignature,
  type JsonObject,
} from '@ota-connect/uptane';
import { manualClock, startScratchServer, type ScratchServer } from '../../../test/app.ts';
import { connectWithCredentials, createCredentials, type TestDevice } from '../../../test/device.ts';
import { verifyingDevice, type VerifyingDevice } from '../../../test/verifying-device.ts';
import { inTransaction } from '../../platform/db/database.ts';
import { flushToDisk } from '../../platform/db/durability.ts';
import { createRepository, rotateRoot, type RepositoryRef } from './index.ts';
import { buildRoot, keysOf, signerOf } from './root-document.ts';
import { activeKeys, insertRoot } from './store.ts';

const DIRECTOR: RepositoryRef = { environment: 'default', repository: 'director' };
const IMAGE: RepositoryRef = { environment: 'default', repository: 'image' };
const NONCE = '00112233445566778899aAbBcCdDeEfF';

type Signature = { keyid: string; method: string; sig: string };
type Answered = { signatures: Signature[]; signed: JsonObject };
type Root = {
  version: number;
  keys: Record<string, JsonObject>;
  roles: Record<string, { keyids: string[]; threshold: number }>;
};

const rootOf = async (device: TestDevice, base = '/director'): Promise<Root> =>
  (await device.send('GET', `${base}/root.json`)).json()['signed'] as Root;

async function assertTimeIsSigned(device: TestDevice): Promise<void> {
  const root = await rootOf(device);
  const answer = (await device.send('GET', `/director/time?nonce=${NONCE}`)).json() as unknown as Answered;
  const [signature, ...others] = answer.signatures;
  assert.ok(signature && others.length === 0);
  assert.deepEqual(root.roles['time'], { keyids: [signature.keyid], threshold: 1 });
  const key = parsePublicKey(root.keys[signature.keyid] ?? null);
  assert.equal(key.keytype, 'ED25519');
  assert.ok(verifySignature(key, signature, canonicalBytes(answer.signed)));
}

/** As our devices judge it. */
async function timeAsVerified(device: TestDevice): Promise<number> {
  const origin = { role: 'root', repository: 'director' } as const;
  const { body } = await device.send('GET', '/director/root.json');
  const root = parseRoot(parseEnvelope(body, origin), origin.repository);
  const answer = await device.send('GET', `/director/time?nonce=${NONCE}`);
  return checkAttestedTime(answer.body, root, { nonce: NONCE });
}

const clock = manualClock(Date.parse('2026-11-25T01:02:03.999Z'));
let server: ScratchServer;
let device: VerifyingDevice;
before(async () => {
  server = await startScratchServer({ clock });
  device = await verifyingDevice(server, 'car-1');
});
after(async () => {
  device.close();
  await server.dispose();
});

describe('attested time', () => {
  it('is the time and the nonce, signed by the key that the Director’s Root names for it alone [5.3-1]', async () => {
    const answer = await device.send('GET', `/director/time?nonce=${NONCE}`);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.deepEqual(answer.json()['signed'], {
      _type: 'Time',
      nonce: NONCE,
      time: new Date(clock.now()).toISOString().replace(/\.\d+Z$/, 'Z'),
    });
    await assertTimeIsSigned(device);
    assert.equal(await timeAsVerified(device), Math.floor(clock.now() / 1000));
    const { roles } = await rootOf(device);
    const owners = Object.values(roles).filter(({ keyids }) =>
      keyids.includes(roles['time']?.keyids[0] ?? ''),
    );
    assert.equal(owners.length, 1);
    assert.equal((await rootOf(device, '/repo')).roles['time'], undefined);
  });

  it('moves with the clock', async () => {
    const read = async (): Promise<number> => {
      const answer = await device.send('GET', `/director/time?nonce=${NONCE}`);
      return Date.parse((answer.json()['signed'] as { time: string }).time);
    };
    const first = await read();
    clock.advance(61_000);
    assert.equal((await read()) - first, 61_000);
  });

  it('signs nothing but nonces of 16 to 64 bytes in hexadecimal digits', async () => {
    for (const nonce of ['ab'.repeat(16), 'AB'.repeat(64)]) {
      assert.equal((await device.send('GET', `/director/time?nonce=${nonce}`)).status, 200);
    }
    const refused = [
      '',
      '?nonce=',
      `?nonce=${'ab'.repeat(15)}`,
      `?nonce=${'ab'.repeat(16)}c`,
      `?nonce=${'ab'.repeat(65)}`,
      `?nonce=${'xy'.repeat(16)}`,
      `?nonce=${'ab'.repeat(16)}%22%2C%22version%22%3A1`,
      `?nonce=${'ab'.repeat(16)}%0A`,
      `?nonce=${'ab'.repeat(16)}&nonce=${'ab'.repeat(16)}`,
      `?nonce[a]=${'ab'.repeat(16)}`,
    ];
    for (const query of refused) {
      const answer = await device.send('GET', `/director/time${query}`);
      assert.deepEqual([answer.status, answer.json()['code']], [400, 'invalid_entity'], query);
      assert.equal(answer.headers['content-type'], 'application/problem+json; charset=utf-8');
    }
  });

  it('signs nothing else that the asker says', async () => {
    const query = `nonce=${NONCE}&time=2030-01-01T00%3A00%3A00Z&_type=Targets&version=9`;
    const { signed } = (await device.send('GET', `/director/time?${query}`)).json() as unknown as Answered;
    assert.deepEqual(Object.keys(signed).toSorted(), ['_type', 'nonce', 'time']);
    assert.equal(signed['_type'], 'Time');
  });

  it('is for devices alone, not for shared credentials', async () => {
    const shared = connectWithCredentials(server, await createCredentials(server));
    assert.equal((await shared.send('GET', `/director/time?nonce=${NONCE}`)).status, 403);
    shared.close();
  });

  it('costs no write to the disk', async () => {
    await flushToDisk(server.ctx.db);
    const file = join(server.dataDir, 'ota-connect.db');
    await inTransaction(server.ctx.db, (tx) =>
      tx.insertInto('settings').values({ environment: 'default', name: 'not flushed', value: '' }).execute(),
    );
    assert.equal((await device.send('GET', `/director/time?nonce=${NONCE}`)).status, 200);
    // What is owed to the disk is written before this answer.
    assert.equal((await device.send('GET', '/repo/timestamp.json')).status, 200);
    assert.equal(readFileSync(file).includes('not flushed'), false);
    await flushToDisk(server.ctx.db);
    assert.equal(readFileSync(file).includes('not flushed'), true);
  });

  it('outlives a rotation of Root: the key stays', async () => {
    const key = (await rootOf(device)).roles['time'];
    await inTransaction(server.ctx.db, (tx) => rotateRoot(server.ctx, tx, DIRECTOR));
    assert.deepEqual((await rootOf(device)).roles['time'], key);
    await assertTimeIsSigned(device);
    assert.equal((await device.verify()).kind, 'nothing_new');
  });
});

describe('a data directory from before there was attested time', () => {
  /** As the first release left it: the key is unknown and no Root of the chain speaks of it. */
  async function older(): Promise<{ server: ScratchServer; device: VerifyingDevice }> {
    const made = await startScratchServer();
    const { ctx } = made;
    await inTransaction(ctx.db, async (tx) => {
      await tx.deleteFrom('role_keys').where('role', '=', 'time').execute();
      await tx.deleteFrom('roots').where('repository', '=', 'director').execute();
      const keys = await activeKeys(tx, DIRECTOR);
      const signers = keysOf(keys, 'root').map((key) => signerOf(ctx, DIRECTOR, key));
      await insertRoot(tx, DIRECTOR, await buildRoot(ctx, { version: 1, keys, signers }));
    });
    const known = await verifyingDevice(made, 'old-car');
    assert.equal((await known.verify()).kind, 'nothing_new');
    assert.equal(known.trustedRoot('director'), 1);
    assert.equal((await rootOf(known)).roles['time'], undefined);
    return { server: made, device: known };
  }

  it('gets the role by one more Root, which devices that trust the old one follow', async () => {
    const { server: first, device: known } = await older();
    const answer = await known.send('GET', `/director/time?nonce=${NONCE}`);
    assert.deepEqual([answer.status, answer.json()['code']], [412, 'role_keys_not_found']);
    await first.close();
    const gatewayPort = Number(new URL(first.gatewayUrl).port);
    const second = await startScratchServer({ dataDir: first.dataDir, gatewayPort });
    assert.equal((await known.verify()).kind, 'nothing_new');
    assert.equal(known.trustedRoot('director'), 2);
    await assertTimeIsSigned(known);
    known.close();
    const third = await second.restart();
    const chain = await third.ctx.db.selectFrom('roots').select(['repository', 'version']).execute();
    assert.deepEqual(
      chain.map(({ repository, version }) => `${repository} ${version}`).toSorted(),
      ['director 1', 'director 2', 'image 1'],
      'once, and the Image repository never',
    );
    await third.dispose();
  });

  it('keeps its chain as it is, when the Root key is offline', async () => {
    const { server: first, device: known } = await older();
    known.close();
    const update = first.ctx.db.updateTable('role_keys').set({ sealed_private_key: null });
    await update.where('repository', '=', 'director').where('role', '=', 'root').execute();
    const second = await first.restart();
    const rows = await second.ctx.db.selectFrom('roots').select('version').execute();
    assert.equal(rows.length, 2);
    const times = await second.ctx.db
      .selectFrom('role_keys')
      .selectAll()
      .where('role', '=', 'time')
      .execute();
    assert.deepEqual(times, []);
    await second.dispose();
  });

  it('is not touched where every role is there', async () => {
    const { ctx } = server;
    const count = async (): Promise<number> =>
      (await ctx.db.selectFrom('roots').select('version').execute()).length;
    const before = await count();
    for (const ref of [DIRECTOR, IMAGE]) await inTransaction(ctx.db, (tx) => createRepository(ctx, tx, ref));
    assert.equal(await count(), before);
  });
});
