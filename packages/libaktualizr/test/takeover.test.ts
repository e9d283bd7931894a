// Storage that the original has left is gone on from, without a new registration; and after an update of ours the tables
// hold, row by row, what the original left after the same one. The first against the very answers that the original was
// given when it made these databases. client-protocol 10; test/fixtures/golden.
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { jsonObject } from '@ota-connect/uptane';
import type { HttpAnswer } from '@ota-connect/testkit';
import { golden } from './support/golden.ts';
import { once, setGoldenStage } from './support/golden-stage.ts';
import { fixture } from './temporary-directory.ts';

const AFTER_UPDATE = 'storage-v25-after-update.db';

/** What the Torizon fork's migrations have added to the original's tables, by the version that they lead to. */
const TORIZON: readonly (readonly [version: number, sql: string])[] = [
  [26, `INSERT INTO meta_types VALUES(5, 'offlinesnapshot'), (6, 'offlineupdates')`],
  [27, 'CREATE TABLE consent_config(property TEXT PRIMARY KEY, value INT NOT NULL)'],
  [28, 'ALTER TABLE device_info ADD COLUMN offline_update_path TEXT'],
  [29, 'CREATE TABLE sync_plan(unique_mark INTEGER PRIMARY KEY CHECK (unique_mark = 0), json TEXT NOT NULL)'],
];

describe('storage of the original', () => {
  const stage = setGoldenStage();

  /** Answers as the recorded servers did. */
  function replay(...names: readonly string[]): void {
    const recorded = new Map(
      names.flatMap((name) => golden(name)).map((exchange) => [exchange.path, exchange]),
    );
    stage.gateway.answerOf = ({ path }): HttpAnswer => {
      const exchange = recorded.get(path);
      if (exchange === undefined) return { status: 404, headers: {}, body: new Uint8Array() };
      return { status: exchange.status, headers: {}, body: Buffer.from(exchange.response ?? '') };
    };
  }

  /** With the format, which the recorded Director named as well. */
  async function offerAsRecorded(): Promise<void> {
    await stage.offer('app1.bin');
    const { targets } = stage.gateway.simulator.director;
    for (const [name, target] of targets) {
      const custom = jsonObject([...Object.entries(target.custom ?? {}), ['targetFormat', 'BINARY']]);
      targets.set(name, { ...target, custom });
    }
    await stage.gateway.simulator.publish();
  }

  function takeOver(database: string): string {
    const file = join(stage.folder, 'sql.db');
    copyFileSync(fixture(database), file);
    return file;
  }

  it('is gone on from without a new registration, by the same calls as the original', async () => {
    takeOver(AFTER_UPDATE);
    replay('B01-once-full-update', 'B02-once-no-update');
    const device = await stage.open('B01-once-full-update');
    await device.aktualizr.checkUpdates();
    const { ours, theirs } = stage.exchanges('B02-once-no-update');
    // The original had made two manifests before; the third that it made was B02's.
    assert.deepEqual(ours.map(withoutCounter), theirs.map(withoutCounter));
    assert.match(ours[0] ?? '', /"report_counter":"4"/);
    assert.match(ours[0] ?? '', /"filepath":"app1.bin"/);
    assert.equal(device.aktualizr.installationLog()[0]?.name, 'app1.bin');
  });

  for (const [version] of TORIZON) {
    it(`of the Torizon fork, schema ${version}, is gone on from and stays what it is`, async () => {
      const file = takeOver(AFTER_UPDATE);
      migrate(file, version);
      const before = schemaOf(file);
      replay('B01-once-full-update', 'B02-once-no-update');
      const device = await stage.open('B01-once-full-update');
      await device.aktualizr.checkUpdates();
      // Writing the device id is what a later registration does.
      device.storage.transaction(() => device.storage.identity.saveDeviceId('peer-device-0001'));
      assert.equal(device.storage.identity.deviceId(), 'peer-device-0001');
      device.close();
      assert.deepEqual(schemaOf(file), before);
      assert.deepEqual(rowsOf(file, 'version'), [{ version }]);
    });
  }

  it('is left, after an update of ours, as the original leaves it: every table, row by row', async () => {
    await offerAsRecorded();
    const device = await stage.open('B01-once-full-update');
    await once(device);
    await once(device);
    device.close();
    const ours = join(stage.folder, 'sql.db');
    const theirs = fixture(AFTER_UPDATE);
    assert.deepEqual(schemaOf(ours), schemaOf(theirs));
    for (const table of tablesOf(theirs)) {
      assert.deepEqual(comparable(ours, table), comparable(theirs, table), table);
    }
  });
});

function withoutCounter(line: string): string {
  return line.replace(/"report_counter":"\d+"/, '"report_counter":"<n>"');
}

function migrate(file: string, version: number): void {
  const database = new DatabaseSync(file);
  for (const [to, sql] of TORIZON) if (to <= version) database.exec(sql);
  database.exec(`UPDATE version SET version = ${version}`);
  database.close();
}

function read<T>(file: string, work: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    return work(database);
  } finally {
    database.close();
  }
}

function schemaOf(file: string): readonly string[] {
  const sql = `SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'ota_connect_%' ORDER BY name`;
  return read(file, (database) =>
    database
      .prepare(sql)
      .all()
      .map((row) => String(row['sql']).replace(/\s+/g, ' ')),
  );
}

function tablesOf(file: string): readonly string[] {
  const sql = `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'ota_connect_%' ORDER BY name`;
  return read(file, (database) =>
    database
      .prepare(sql)
      .all()
      .map((row) => String(row['name'])),
  );
}

function rowsOf(file: string, table: string): readonly Record<string, unknown>[] {
  return read(file, (database) =>
    database
      .prepare(`SELECT * FROM ${table}`)
      .all()
      .map((row) => ({ ...row })),
  );
}

/** What cannot be equal is replaced by its form: keys, certificates, hashes, metadata of other repositories. */
function comparable(file: string, table: string): readonly unknown[] {
  // Scripts of the original that lead back to its older versions: ours has none.
  if (table === 'rollback_migrations') return [];
  const rows = rowsOf(file, table).map((row) =>
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name, formOf(table, name, value)])),
  );
  return table === 'meta' ? sorted(rows) : rows;
}

function formOf(table: string, column: string, value: unknown): unknown {
  const text = value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : String(value);
  const type = value instanceof Uint8Array ? 'blob' : typeof value;
  if (column === 'meta' && type === 'blob') {
    return [type, Object.keys(JSON.parse(text)), JSON.parse(text).signed._type];
  }
  if (/-----BEGIN/.test(text)) return [type, /-----BEGIN [A-Z ]+-----/.exec(text)?.[0]];
  if (table === 'device_info' && column === 'device_id') return type;
  return value === null || typeof value === 'number' ? value : hashesAsForm(text);
}

function hashesAsForm(text: string): string {
  return text
    .replace(/[0-9a-f]{128}|[0-9a-f]{64}/g, (hash) => `<${hash.length} hex>`)
    .replace(/[0-9A-F]{128}|[0-9A-F]{64}/g, (hash) => `<${hash.length} HEX>`);
}

/** By repository and role: the order in which two clients store them is their own. */
function sorted(rows: readonly Record<string, unknown>[]): readonly Record<string, unknown>[] {
  const keyOf = ({ repo, meta_type }: Record<string, unknown>) => `${String(repo)} ${String(meta_type)}`;
  return rows.toSorted((a, b) => keyOf(a).localeCompare(keyOf(b)));
}
