// The original's flag that an installation waits for a reboot. client-protocol 10.1, 11.3.
import type { RebootStore } from '../../installing-ports.ts';
import { numberOf, type Connection } from './database.ts';

export function rebootStore(db: Connection): RebootStore {
  const isNeeded = () => numberOf(db.get('SELECT flag FROM need_reboot'), 'flag') !== 0;
  return {
    isNeeded,
    setNeeded(needed) {
      if (needed !== isNeeded()) db.run('INSERT OR REPLACE INTO need_reboot VALUES(0, ?)', needed ? 1 : 0);
    },
  };
}
