// What looked like an attack, until the Director has heard of it, and after that until it has passed, so that each poll
// does not tell the same again. Rows are few and short whatever a network sends. Uptane Standard #version_report.
import type { AttackStore } from '../../ports.ts';
import { numberOf, textOf } from './database.ts';
import type { Connection } from './database.ts';

const PENDING_KEPT = 32;
/** Of those that were told; what goes from here can at worst be told once more. */
const TOLD_KEPT = 100;
const MAX_TEXT = 300;

export function attackStore(db: Connection): AttackStore {
  const count = () =>
    numberOf(db.get('SELECT count(*) AS n FROM ota_connect_attacks WHERE is_told = 0'), 'n');
  return {
    record: ({ text, at, subject = 'metadata' }) =>
      db.transaction(() => {
        const kept = text.slice(0, MAX_TEXT);
        const isKnown = db.get('SELECT 1 FROM ota_connect_attacks WHERE text = ?', kept) !== undefined;
        if (isKnown || count() >= PENDING_KEPT) return false;
        db.run('INSERT INTO ota_connect_attacks(subject, text, at) VALUES(?, ?, ?)', subject, kept, at);
        return true;
      }),
    pending: () =>
      db.all('SELECT id, text, at FROM ota_connect_attacks WHERE is_told = 0 ORDER BY id').map((row) => ({
        id: numberOf(row, 'id'),
        text: textOf(row, 'text') ?? '',
        at: numberOf(row, 'at'),
      })),
    clear: (told) =>
      db.transaction(() => {
        for (const { id, text } of told)
          db.run('UPDATE ota_connect_attacks SET is_told = 1 WHERE id = ? AND text = ?', id, text);
        const old = `SELECT id FROM ota_connect_attacks WHERE is_told = 1 ORDER BY id DESC LIMIT -1 OFFSET ${TOLD_KEPT}`;
        db.run(`DELETE FROM ota_connect_attacks WHERE id IN (${old})`);
      }),
    passed: (subject) => {
      const isIt = 'subject = ? AND is_told = 1';
      if (db.get(`SELECT 1 FROM ota_connect_attacks WHERE ${isIt}`, subject) === undefined) return;
      db.run(`DELETE FROM ota_connect_attacks WHERE ${isIt}`, subject);
    },
  };
}
