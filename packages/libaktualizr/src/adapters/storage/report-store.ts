// What travels to the server later or only once: the report counter, queued events, hashes of device data that was sent.
// client-protocol 3.8, 3.9, 5.1.
import type { DeviceEvent } from '@ota-connect/contract/device';
import { canonicalText } from '@ota-connect/uptane';

import type { ReportStore } from '../../ports.ts';
import { numberOf, textOf } from './database.ts';
import type { Connection, Row } from './database.ts';

export function reportStore(db: Connection): ReportStore {
  return {
    nextReportCounter: (ecu) =>
      db.transaction(() => {
        const next =
          numberOf(db.get('SELECT counter FROM ecu_report_counter WHERE ecu_serial = ?', ecu), 'counter') + 1;
        db.run('INSERT OR REPLACE INTO ecu_report_counter VALUES(?, ?)', ecu, next);
        return next;
      }),
    enqueue: (event) => db.run('INSERT INTO report_events(json_string) VALUES(?)', canonicalText(event)),
    queued: (limit) => {
      const queued: { id: number; event: DeviceEvent }[] = [];
      for (const row of db.all('SELECT id, json_string FROM report_events ORDER BY id')) {
        if (queued.length >= limit) break;
        const event = eventOf(row);
        const id = numberOf(row, 'id');
        if (event !== undefined) queued.push({ id, event });
        // An event that cannot be read can never be sent and would stand in the way of the others.
        else if (!db.readOnly) db.run('DELETE FROM report_events WHERE id = ?', id);
      }
      return queued;
    },
    remove: (ids) =>
      db.transaction(() => {
        for (const id of ids) db.run('DELETE FROM report_events WHERE id = ?', id);
      }),
    sentHash: (kind) => textOf(db.get('SELECT hash FROM device_data WHERE data_type = ?', kind), 'hash'),
    saveSentHash: (kind, hash) => db.run('INSERT OR REPLACE INTO device_data VALUES(?, ?)', kind, hash),
  };
}

function eventOf(row: Row): DeviceEvent | undefined {
  try {
    const value: unknown = JSON.parse(textOf(row, 'json_string') ?? '');
    const isEvent = typeof value === 'object' && value !== null && 'id' in value && 'eventType' in value;
    return isEvent ? (value as DeviceEvent) : undefined;
  } catch (cause) {
    if (cause instanceof SyntaxError) return undefined;
    throw cause;
  }
}
