// The updates of one device as a table.
import type { DeviceUpdate } from '@ota-connect/contract/user';
import { table } from './output.ts';

export function updatesTable(updates: readonly DeviceUpdate[]): string {
  return table(
    ['UPDATE TO', 'ECU', 'STATE', 'RESULT', 'SINCE', 'CORRELATION ID'],
    updates.map((update) => [
      update.target,
      update.ecuSerial,
      update.state,
      update.result?.code,
      update.completedAt ?? update.createdAt,
      update.correlationId,
    ]),
    'No updates yet.',
  );
}
