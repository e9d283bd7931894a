import assert from 'node:assert/strict';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';

import { parseEcuSerial, parseHardwareId } from '@ota-connect/uptane';

import { storageContract } from '../../../test/storage-contract.ts';
import { fixture, temporaryDirectory } from '../../../test/temporary-directory.ts';
import type { Config } from '../../config/config.ts';
import { defaultConfig } from '../../config/defaults.ts';
import { StorageError } from '../../errors.ts';
import { connect } from './database.ts';
import { openStorage } from './sqlite-storage.ts';

const GOLDEN = [
  'storage-v25-after-update.db',
  'storage-v25-ip-secondary.db',
  'storage-v25-reboot-finalized.db',
];
const PRIMARY = parseEcuSerial('CA:FE:A6:D2:84:9D');

function at(path: string): Config['storage'] {
  return { ...defaultConfig().storage, path };
}

/** Words and blanks alone: the original wraps one statement over lines. */
function schemaOf(file: string): readonly string[] {
  const database = new DatabaseSync(file, { readOnly: true });
  const rows = database
    .prepare(
      `SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'ota_connect_%' ORDER BY name`,
    )
    .all();
  database.close();
  return rows.map((row) => String(row['sql']).replace(/\s+/g, ' '));
}

function rowsOf(file: string, table: string): readonly unknown[] {
  const database = new DatabaseSync(file, { readOnly: true });
  const rows = database.prepare(`SELECT rowid, * FROM ${table}`).all();
  database.close();
  return rows;
}

function errorOf(work: () => unknown): StorageError {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof StorageError, String(error));
    return error;
  }
  assert.fail('nothing was thrown');
}

storageContract('SQLite storage', (test) => {
  const directory = temporaryDirectory(test);
  return { open: () => openStorage(at(directory)) };
});

describe('new database', () => {
  it('has the tables, lookup rows and version of the original', (test) => {
    const directory = temporaryDirectory(test);
    openStorage(at(directory)).close();
    const file = join(directory, 'sql.db');
    assert.deepEqual(schemaOf(file), schemaOf(fixture('storage-v25-after-update.db')));
    for (const table of ['version', 'repo_types', 'meta_types']) {
      assert.deepEqual(rowsOf(file, table), rowsOf(fixture('storage-v25-after-update.db'), table));
    }
  });

  it('lies in a directory of its own, made for its owner alone', (test) => {
    const directory = join(temporaryDirectory(test), 'var', 'sota');
    openStorage(at(directory)).close();
    assert.equal(statSync(directory).mode & 0o777, 0o700);
  });

  it('holds values in the forms of the original', (test) => {
    const directory = temporaryDirectory(test);
    const storage = openStorage(at(directory));
    const golden = openStorage(goldenCopy(temporaryDirectory(test), 'storage-v25-after-update.db'), {
      readOnly: true,
    });
    const installed = golden.installations.current(PRIMARY);
    assert.ok(installed);
    storage.identity.saveDeviceId('peer-device-0001');
    storage.identity.saveRegistration([
      { serial: PRIMARY, hardwareId: parseHardwareId('primary_hw'), isPrimary: true },
    ]);
    storage.installations.save(installed, 'current');
    storage.metadata.director.save('root', golden.metadata.director.load('root') ?? new Uint8Array(), 1);
    storage.metadata.director.save(
      'targets',
      golden.metadata.director.load('targets') ?? new Uint8Array(),
      5,
    );
    storage.images.saveFileName('app1.bin', golden.images.fileName('app1.bin') ?? '');
    storage.installations.saveEcuResult(PRIMARY, { success: true, code: 'OK', description: '' });
    storage.close();
    golden.close();
    const [ours, original] = [join(directory, 'sql.db'), fixture('storage-v25-after-update.db')];
    for (const table of ['device_info', 'ecus', 'installed_versions', 'target_images']) {
      assert.deepEqual(rowsOf(ours, table), rowsOf(original, table), table);
    }
    assert.deepEqual(rowsOf(ours, 'meta'), rowsOf(original, 'meta').slice(0, 2));
    assert.deepEqual(
      { ...(rowsOf(ours, 'ecu_installation_results')[0] as object) },
      {
        rowid: 1,
        ecu_serial: PRIMARY,
        success: 1,
        result_code: '"OK":0',
        description: '',
      },
    );
  });
});

function goldenCopy(directory: string, name: string): Config['storage'] {
  copyFileSync(fixture(name), join(directory, 'sql.db'));
  return at(directory);
}

describe('database of the original', () => {
  for (const name of GOLDEN) {
    it(`is opened, used and left as the original opens it: ${name}`, (test) => {
      const directory = temporaryDirectory(test);
      const file = join(directory, 'sql.db');
      const storage = openStorage(goldenCopy(directory, name));
      assert.equal(storage.identity.deviceId(), 'peer-device-0001');
      assert.equal(storage.identity.isRegistered(), true);
      assert.equal(storage.identity.ecus()[0]?.serial, PRIMARY);
      assert.match(storage.credentials.tls()?.privateKey ?? '', /BEGIN PRIVATE KEY/);
      assert.equal(storage.identity.primaryKey()?.publicKey.keytype, 'RSA');
      assert.deepEqual(storage.cycle.load(), { kind: 'Idle' });
      storage.cycle.save({ kind: 'Checking' });
      assert.ok(storage.reports.nextReportCounter(PRIMARY) > 2);
      storage.close();
      assert.deepEqual(
        readdirSync(directory).filter((entry) => entry.startsWith('sql.db')),
        ['sql.db'],
      );
      assert.deepEqual(schemaOf(file), schemaOf(fixture(name)));
      assert.deepEqual(rowsOf(file, 'rollback_migrations'), rowsOf(fixture(name), 'rollback_migrations'));
      assert.deepEqual(rowsOf(file, 'version'), rowsOf(fixture(name), 'version'));
      const database = new DatabaseSync(file, { readOnly: true });
      assert.deepEqual({ ...database.prepare('PRAGMA integrity_check').get() }, { integrity_check: 'ok' });
      assert.deepEqual({ ...database.prepare('PRAGMA journal_mode').get() }, { journal_mode: 'delete' });
      database.close();
    });
  }

  it('tells what it has installed, metadata included', (test) => {
    const storage = openStorage(goldenCopy(temporaryDirectory(test), 'storage-v25-after-update.db'));
    const installed = storage.installations.current(PRIMARY);
    assert.equal(installed?.name, 'app1.bin');
    assert.equal(
      installed?.hashes.sha256,
      '25b86f08c7d6ab36c860f3d873f32f452eecd157f474753eeac0a8d3e098cbc3',
    );
    assert.equal(installed?.hashes.sha512?.length, 128);
    assert.equal(installed?.lengthBytes, 102_400);
    for (const role of ['root', 'timestamp', 'snapshot', 'targets'] as const)
      assert.ok(storage.metadata.image.load(role), role);
    assert.ok(storage.metadata.director.loadRoot(1));
    assert.equal(
      storage.images.fileName('app1.bin'),
      '25B86F08C7D6AB36C860F3D873F32F452EECD157F474753EEAC0A8D3E098CBC3',
    );
    storage.close();
  });

  it('is read without a trace, also for what only we store', (test) => {
    const directory = temporaryDirectory(test);
    const storage = openStorage(goldenCopy(directory, 'storage-v25-after-update.db'), { readOnly: true });
    assert.deepEqual(storage.cycle.load(), { kind: 'Idle' });
    assert.equal(storage.metadata.director.flags().directorFullRoles(), false);
    assert.throws(() => storage.identity.saveDeviceId('other'), StorageError);
    storage.close();
    assert.deepEqual(readdirSync(directory), ['sql.db']);
    assert.deepEqual(
      readFileSync(join(directory, 'sql.db')),
      readFileSync(fixture('storage-v25-after-update.db')),
    );
  });

  it('is read after a power cut in the middle of a write, as it was before the write', (test) => {
    const [writing, cut] = [temporaryDirectory(test), temporaryDirectory(test)];
    copyFileSync(fixture('storage-v25-after-update.db'), join(writing, 'sql.db'));
    const database = new DatabaseSync(join(writing, 'sql.db'));
    // A tiny cache makes SQLite write to the file before the commit.
    database.exec("PRAGMA cache_size = 1; BEGIN IMMEDIATE; UPDATE device_info SET device_id = 'half'");
    for (let id = 0; id < 50; id++) {
      database.prepare('INSERT INTO delegations VALUES(?, ?)').run(Buffer.alloc(5000), `role ${id}`);
    }
    for (const name of readdirSync(writing)) copyFileSync(join(writing, name), join(cut, name));
    database.close();
    assert.deepEqual(readdirSync(cut), ['sql.db', 'sql.db-journal']);
    const storage = openStorage(at(cut), { readOnly: true });
    assert.equal(storage.identity.deviceId(), 'peer-device-0001');
    assert.deepEqual(storage.inspection.delegations(), []);
    storage.close();
  });

  it('forgets an event that nobody can read and sends the others', (test) => {
    const storage = openStorage(at(temporaryDirectory(test)));
    storage.transaction(() => undefined);
    storage.close();
    const directory = temporaryDirectory(test);
    const config = goldenCopy(directory, 'storage-v25-after-update.db');
    const database = new DatabaseSync(join(directory, 'sql.db'));
    database.exec(
      `INSERT INTO report_events(json_string) VALUES('not json'), ('{"id":"1","deviceTime":"","eventType":{"id":"DevicePaused","version":0},"event":{}}')`,
    );
    database.close();
    const reopened = openStorage(config);
    assert.deepEqual(
      reopened.reports.queued(1).map(({ event }) => event.id),
      ['1'],
    );
    reopened.close();
    assert.equal(rowsOf(join(directory, 'sql.db'), 'report_events').length, 1);
  });
});

describe('durability', () => {
  it('has each write on the disk when it returns, the directory included', (test) => {
    const db = connect(join(temporaryDirectory(test), 'sql.db'), false);
    assert.deepEqual({ ...db.get('PRAGMA synchronous') }, { synchronous: 3 });
    db.close();
  });
});

describe('what only we store', () => {
  it('writes nothing while checks find nothing new', (test) => {
    const directory = temporaryDirectory(test);
    const storage = openStorage(at(directory));
    storage.cycle.save({ kind: 'Idle' });
    const written = () => statSync(join(directory, 'sql.db'), { bigint: true }).mtimeNs;
    const before = written();
    storage.cycle.save({ kind: 'Checking' });
    assert.deepEqual(storage.cycle.load(), { kind: 'Checking' });
    storage.cycle.save({ kind: 'Idle' });
    assert.deepEqual(storage.cycle.load(), { kind: 'Idle' });
    assert.equal(written(), before);
    storage.close();
  });

  it('begins anew, when a later version left a state that this one does not know', (test) => {
    const directory = temporaryDirectory(test);
    const storage = openStorage(at(directory));
    storage.cycle.save({ kind: 'Reporting' });
    storage.close();
    const database = new DatabaseSync(join(directory, 'sql.db'));
    database.exec(`UPDATE ota_connect_cycle SET state = '{"kind":"Dreaming"}'`);
    database.close();
    const reopened = openStorage(at(directory));
    assert.deepEqual(reopened.cycle.load(), { kind: 'Idle' });
    reopened.close();
  });

  it('does not grow without end', (test) => {
    const directory = temporaryDirectory(test);
    const storage = openStorage(at(directory));
    storage.transaction(() => {
      for (let index = 0; index < 1200; index++) {
        storage.etags.save(`https://x/${index}.root.json`, 'tag');
        storage.cycle.countAttempt(String(index), '');
      }
    });
    assert.equal(storage.etags.load('https://x/1199.root.json'), 'tag');
    assert.equal(storage.cycle.attempts('1199', ''), 1);
    storage.close();
    for (const table of ['ota_connect_etags', 'ota_connect_attempts']) {
      assert.ok(rowsOf(join(directory, 'sql.db'), table).length <= 500, table);
    }
  });
});

describe('registration of other ECUs', () => {
  it('is read as it was made, also with an empty hardware id', (test) => {
    const directory = temporaryDirectory(test);
    const config = goldenCopy(directory, 'storage-v25-after-update.db');
    const database = new DatabaseSync(join(directory, 'sql.db'));
    database.exec(`INSERT INTO ecus VALUES(1, 'secondary', '', 0)`);
    database.close();
    const storage = openStorage(config);
    assert.deepEqual(storage.identity.ecus()[1], { serial: 'secondary', hardwareId: '', isPrimary: false });
    storage.close();
  });

  it('remembers the ones that went away', (test) => {
    const storage = openStorage(goldenCopy(temporaryDirectory(test), 'storage-v25-ip-secondary.db'));
    const before = storage.identity.ecus();
    assert.ok(before.length > 1);
    const [primary] = before;
    assert.ok(primary);
    storage.identity.saveRegistration([primary]);
    assert.deepEqual(
      storage.inspection.removedEcus().map(({ serial }) => serial),
      before.slice(1).map(({ serial }) => serial),
    );
    storage.close();
  });
});

describe('storage that cannot be used', () => {
  it('is a damaged database: named, and left as it is', (test) => {
    const directory = temporaryDirectory(test);
    const file = join(directory, 'sql.db');
    const damaged = readFileSync(fixture('storage-v25-after-update.db')).fill(0xa5, 8192, 60_000);
    for (const content of [
      damaged,
      Buffer.from('this was never a database, but it is long enough to be taken for one '.repeat(20)),
    ]) {
      writeFileSync(file, content);
      const error = errorOf(() => openStorage(at(directory)));
      assert.equal(error.code, 'corrupt');
      assert.ok(error.message.includes(file));
      assert.deepEqual(readFileSync(file), content);
      assert.equal(errorOf(() => openStorage(at(directory), { readOnly: true })).code, 'corrupt');
    }
  });

  it('is a database of an older or an unknown schema, or of another program: named, and left as it is', (test) => {
    for (const version of [24, 15, 30]) {
      const directory = temporaryDirectory(test);
      const file = join(directory, 'sql.db');
      copyFileSync(fixture('storage-v25-after-update.db'), file);
      const database = new DatabaseSync(file);
      database.exec(`UPDATE version SET version = ${version}`);
      database.close();
      const before = readFileSync(file);
      const error = errorOf(() => openStorage(at(directory)));
      assert.equal(error.code, 'migration_failed');
      assert.match(error.message, new RegExp(`schema version ${version}.*versions 25 to 29`));
      assert.equal(/newest release of the original/.test(error.message), version < 25);
      assert.deepEqual(readFileSync(file), before);
      assert.deepEqual(
        readdirSync(directory).filter((name) => name.startsWith('sql.db')),
        ['sql.db'],
      );
    }
    const other = temporaryDirectory(test);
    const stranger = new DatabaseSync(join(other, 'sql.db'));
    stranger.exec('CREATE TABLE recipes(name TEXT)');
    stranger.close();
    assert.match(errorOf(() => openStorage(at(other))).message, /not a database of aktualizr/);
  });

  it('is a directory that others may write to; one that they may read is closed', (test) => {
    const parent = temporaryDirectory(test);
    const [open, readable] = [join(parent, 'open'), join(parent, 'readable')];
    for (const directory of [open, readable]) mkdirSync(directory);
    chmodSync(open, 0o770);
    chmodSync(readable, 0o755);
    const error = errorOf(() => openStorage(at(open)));
    assert.equal(error.code, 'unsafe_directory');
    assert.deepEqual(readdirSync(open), []);
    openStorage(at(readable)).close();
    assert.equal(statSync(readable).mode & 0o777, 0o700);
  });

  it('is one that does not exist, when it is only looked at', (test) => {
    const error = errorOf(() =>
      openStorage(at(join(temporaryDirectory(test), 'nothing')), { readOnly: true }),
    );
    assert.equal(error.details['missing'], true);
  });

  it('is a full disk: named, and nothing of the transaction remains', (test) => {
    const directory = temporaryDirectory(test);
    openStorage(at(directory)).close();
    const db = connect(join(directory, 'sql.db'), false);
    const pages = db.get('PRAGMA page_count')?.['page_count'];
    db.get(`PRAGMA max_page_count = ${String(pages)}`);
    db.run('INSERT INTO device_info VALUES(0, ?, 0)', 'before');
    const error = errorOf(() =>
      db.transaction(() => {
        db.run('UPDATE device_info SET device_id = ?', 'after');
        db.run('INSERT INTO delegations VALUES(?, ?)', Buffer.alloc(100_000), 'big');
      }),
    );
    assert.equal(error.code, 'disk_full');
    assert.equal(db.get('SELECT device_id FROM device_info')?.['device_id'], 'before');
    db.close();
  });
});
