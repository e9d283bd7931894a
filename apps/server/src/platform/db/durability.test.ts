import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { manualClock, startScratchServer, type ScratchServer } from '../../../test/app.ts';
import { scratchContext } from '../../../test/scratch.ts';
import { scratchFolder } from '../../../test/scratch-folder.ts';
import { createOnlineVehicle, createVehicle } from '../../../test/vehicle.ts';
import { createUpdate, fixedGroup, launch, upload } from '../../modules/campaigns/test/fleet.ts';
import { inTransaction, openDatabase, type Database, type Transaction } from './database.ts';
import { flushed, flushToDisk, oweFlush } from './durability.ts';

const note = (tx: Transaction, name: string) =>
  tx.insertInto('settings').values({ environment: 'default', name, value: 'x' }).execute();

/** What a power cut leaves in the worst case: the database file without its write-ahead log. */
async function afterPowerCut<T>(dataDir: string, look: (db: Database) => Promise<T>): Promise<T> {
  const copy = join(scratchFolder(), 'ota-connect.db');
  copyFileSync(join(dataDir, 'ota-connect.db'), copy);
  const db = openDatabase(copy);
  try {
    return await look(db);
  } finally {
    await db.destroy();
  }
}

async function notes(dataDir: string): Promise<string[]> {
  return afterPowerCut(dataDir, async (db) => {
    const rows = await db.selectFrom('settings').select('name').where('name', 'like', 'note%').execute();
    return rows.map((row) => row.name);
  });
}

describe('durability', () => {
  it('is there for what is flushed, and costs nothing where nothing is owed', async (test) => {
    const dataDir = scratchFolder();
    const ctx = await scratchContext(dataDir);
    test.after(() => ctx.dispose());
    await flushToDisk(ctx.db);
    await inTransaction(ctx.db, (tx) => note(tx, 'note 1'));
    await flushed(ctx.db);
    assert.deepEqual(await notes(dataDir), []);
    await flushToDisk(ctx.db);
    assert.deepEqual(await notes(dataDir), ['note 1']);
  });

  it('is waited for by whoever sees what a transaction owes', async (test) => {
    const dataDir = scratchFolder();
    const ctx = await scratchContext(dataDir);
    test.after(() => ctx.dispose());
    const work = async (tx: Transaction): Promise<void> => {
      oweFlush(ctx.db);
      await note(tx, 'note 1');
    };
    await inTransaction(ctx.db, work);
    await Promise.all([flushed(ctx.db), flushed(ctx.db)]);
    assert.deepEqual(await notes(dataDir), ['note 1']);
  });

  it('covers a transaction that was under way when the flush was asked for', async (test) => {
    const dataDir = scratchFolder();
    const ctx = await scratchContext(dataDir);
    test.after(() => ctx.dispose());
    const opened = Promise.withResolvers<void>();
    const committed = inTransaction(ctx.db, async (tx) => {
      oweFlush(ctx.db);
      await note(tx, 'note 1');
      opened.resolve();
      await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    });
    await opened.promise;
    await flushed(ctx.db);
    await committed;
    assert.deepEqual(await notes(dataDir), ['note 1']);
  });
});

describe('an answer to a device', () => {
  it('is given when its registration, its image and its events are on the disk', async (test) => {
    const server = await startScratchServer();
    test.after(() => server.dispose());
    const vehicle = await createVehicle(server, 'car');
    await vehicle.register();
    const ecus = (db: Database) => db.selectFrom('director_ecus').select('installed').execute();
    const [registered] = await afterPowerCut(server.dataDir, ecus);
    assert.equal(registered?.installed, null);
    await vehicle.putManifest();
    const [ecu] = await afterPowerCut(server.dataDir, ecus);
    assert.match(ecu?.installed ?? '', /unknown/);
    await vehicle.sendEvent('DevicePaused', {}, 'event-1');
    const events = (db: Database) => db.selectFrom('device_events').select('event_id').execute();
    const [stored] = await afterPowerCut(server.dataDir, events);
    assert.equal(stored?.event_id, 'event-1');
  });

  it('is given when a report is on the disk, so that no result is lost that the device has cleared', async (test) => {
    const { server, vehicle, correlationId } = await inFlight();
    test.after(() => server.dispose());
    const result = { success: false, code: 'INSTALL_FAILED', description: '' };
    await vehicle.putManifest({ report: { correlationId, result } });
    const [assignment] = await afterPowerCut(server.dataDir, (db) =>
      db.selectFrom('director_assignments').select('state').execute(),
    );
    assert.equal(assignment?.state, 'failed');
  });

  it('never holds a version that a power cut could forget', async (test) => {
    const { server, vehicle } = await inFlight();
    test.after(() => server.dispose());
    const served = await vehicle.fetchTargets();
    assert.deepEqual(Object.keys(served.targets), ['app-1']);
    const [targets] = await afterPowerCut(server.dataDir, (db) =>
      db.selectFrom('director_roles').select('version').where('role', '=', 'targets').execute(),
    );
    assert.equal(targets?.version, served.version);
    const image = await vehicle.device.send('GET', '/repo/targets.json');
    const [listed] = await afterPowerCut(server.dataDir, (db) =>
      db.selectFrom('image_roles').select('document').where('role', '=', 'targets').execute(),
    );
    assert.deepEqual(Buffer.from(listed?.document ?? []), image.body);
  });

  it('holds no role that was signed for it before that role is on the disk', async (test) => {
    const clock = manualClock();
    const server = await startScratchServer({ clock });
    test.after(() => server.dispose());
    const vehicle = await createVehicle(server, 'car');
    await vehicle.register();
    const versionOf = async (path: string): Promise<unknown> =>
      ((await vehicle.device.send('GET', path)).json()['signed'] as { version: number }).version;
    const stored = (table: 'director_roles' | 'image_roles') =>
      afterPowerCut(server.dataDir, async (db) => {
        const query = db.selectFrom(table).select('version').where('role', '=', 'timestamp');
        return (await query.executeTakeFirst())?.version;
      });
    const first = await versionOf('/director/timestamp.json');
    assert.equal(await stored('director_roles'), first);
    clock.advance(40 * 86_400_000);
    const renewed = await versionOf('/repo/timestamp.json');
    assert.equal(await stored('image_roles'), renewed);
    assert.notEqual(renewed, 1);
  });

  it('waits for no disk, when the poll changes nothing', async (test) => {
    const server = await startScratchServer();
    test.after(() => server.dispose());
    const vehicle = await createOnlineVehicle(server, 'car');
    await poll();
    await inTransaction(server.ctx.db, (tx) => note(tx, 'note 1'));
    await poll();
    assert.deepEqual(await notes(server.dataDir), []);

    async function poll(): Promise<void> {
      assert.equal((await vehicle.putManifest()).status, 200);
      for (const repository of ['director', 'repo']) {
        for (const role of ['root', 'timestamp', 'snapshot', 'targets']) {
          const answer = await vehicle.device.send('GET', `/${repository}/${role}.json`);
          assert.equal(answer.status, 200);
        }
      }
    }
  });
});

describe('an answer to a person', () => {
  it('is given when what was asked for is on the disk', async (test) => {
    const server = await startScratchServer();
    test.after(() => server.dispose());
    await fixedGroup(server, 'group', []);
    const [group] = await afterPowerCut(server.dataDir, (db) =>
      db.selectFrom('device_groups').select('name').execute(),
    );
    assert.equal(group?.name, 'group');
  });

  it('costs no disk, when the token is not known', async (test) => {
    const server = await startScratchServer();
    test.after(() => server.dispose());
    await inTransaction(server.ctx.db, (tx) => note(tx, 'note 1'));
    const answer = await fetch(`${server.apiUrl}/api/v3/groups`, { method: 'POST' });
    assert.equal(answer.status, 401);
    assert.deepEqual(await notes(server.dataDir), []);
  });
});

type InFlight = {
  readonly server: ScratchServer;
  readonly vehicle: Awaited<ReturnType<typeof createOnlineVehicle>>;
  readonly correlationId: string;
};

/** One device, one update, fetched. */
async function inFlight(): Promise<InFlight> {
  const server = await startScratchServer();
  const vehicle = await createOnlineVehicle(server, 'car');
  await upload(server, 'app-1');
  const update = await createUpdate(server, 'app-1');
  const group = await fixedGroup(server, 'group', ['car']);
  const campaign = await launch(server, { name: 'campaign', updateId: update.id, groupIds: [group.id] });
  await vehicle.fetchTargets();
  await server.idle();
  return { server, vehicle, correlationId: `urn:here-ota:campaign:${campaign.id}` };
}
