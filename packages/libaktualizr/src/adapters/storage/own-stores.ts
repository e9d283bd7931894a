// What the original does not store: the state of the update cycle, attempts, ETags, flags. The tables carry our prefix;
// a database that only the original has written, opened for reading, does not have them and reads as empty.
import type { CycleStore, EtagStore } from '../../ports.ts';
import { decodeState } from '../../update-cycle/decode-state.ts';
import { INITIAL_STATE, type CycleState } from '../../update-cycle/states.ts';
import { numberOf, textOf } from './database.ts';
import type { Connection } from './database.ts';

/** Old rows go when there are more; losing one costs an attempt too many or a full answer. */
const ROWS_KEPT = 500;

const TOLD_REFUSAL = 'told_refusal';

export type FlagStore = {
  get(name: string): string | undefined;
  set(name: string, value: string): void;
  forget(name: string): void;
};

export function cycleStore(db: Connection): CycleStore {
  const flags = flagStore(db);
  /** A restart would take it back to what is stored: a daemon that polls writes nothing while nothing changes. */
  let checking: CycleState | undefined;
  const stored = () => textOf(db.get('SELECT state FROM ota_connect_cycle'), 'state');
  const read = () => {
    const text = stored();
    return text === undefined ? INITIAL_STATE : decodeState(text);
  };
  const attempts = (sha256: string, correlationId: string): number => {
    const sql = 'SELECT attempts FROM ota_connect_attempts WHERE target_sha256 = ? AND correlation_id = ?';
    return numberOf(db.get(sql, sha256, correlationId), 'attempts');
  };
  return {
    load: () => checking ?? read() ?? INITIAL_STATE,
    isUnreadable: () => read() === undefined,
    toldRefusal: () => flags.get(TOLD_REFUSAL),
    saveToldRefusal: (refusal) =>
      refusal === undefined ? flags.forget(TOLD_REFUSAL) : flags.set(TOLD_REFUSAL, refusal),
    save: (state) => {
      checking = state.kind === 'Checking' ? state : undefined;
      const text = JSON.stringify(state);
      if (checking !== undefined || text === stored()) return;
      db.run('INSERT OR REPLACE INTO ota_connect_cycle VALUES(0, ?)', text);
    },
    attempts,
    countAttempt: (sha256, correlationId) =>
      db.transaction(() => {
        const next = attempts(sha256, correlationId) + 1;
        const sql =
          'INSERT OR REPLACE INTO ota_connect_attempts(target_sha256, correlation_id, attempts) VALUES(?, ?, ?)';
        db.run(sql, sha256, correlationId, next);
        prune(db, 'ota_connect_attempts');
        return next;
      }),
  };
}

export function etagStore(db: Connection): EtagStore {
  return {
    load: (key) => textOf(db.get('SELECT etag FROM ota_connect_etags WHERE request = ?', key), 'etag'),
    save: (key, etag) =>
      db.transaction(() => {
        db.run('INSERT OR REPLACE INTO ota_connect_etags(request, etag) VALUES(?, ?)', key, etag);
        prune(db, 'ota_connect_etags');
      }),
  };
}

export function flagStore(db: Connection): FlagStore {
  return {
    get: (name) => textOf(db.get('SELECT value FROM ota_connect_flags WHERE name = ?', name), 'value'),
    set: (name, value) => db.run('INSERT OR REPLACE INTO ota_connect_flags VALUES(?, ?)', name, value),
    forget: (name) => db.run('DELETE FROM ota_connect_flags WHERE name = ?', name),
  };
}

function prune(db: Connection, table: 'ota_connect_attempts' | 'ota_connect_etags'): void {
  db.run(`DELETE FROM ${table} WHERE id <= (SELECT max(id) FROM ${table}) - ${ROWS_KEPT}`);
}
