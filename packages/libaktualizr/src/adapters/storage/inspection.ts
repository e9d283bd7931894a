// What only a person looking at the device asks for: ECUs that went away, delegations, parts of the TLS identity.
import { bytesOf, textOf } from './database.ts';
import type { Connection } from './database.ts';

export type Inspection = {
  removedEcus(): readonly { readonly serial: string; readonly hardwareId: string }[];
  delegations(): readonly { readonly role: string; readonly bytes: Uint8Array }[];
  secondaries(): readonly { readonly serial: string; readonly type: string }[];
};

export function inspection(db: Connection): Inspection {
  return {
    removedEcus: () =>
      db
        .all('SELECT serial, hardware_id FROM misconfigured_ecus WHERE state = 0 ORDER BY rowid')
        .map((row) => ({
          serial: textOf(row, 'serial') ?? '',
          hardwareId: textOf(row, 'hardware_id') ?? '',
        })),
    delegations: () =>
      db.all('SELECT role_name, meta FROM delegations ORDER BY role_name').map((row) => ({
        role: textOf(row, 'role_name') ?? '',
        bytes: bytesOf(row, 'meta') ?? new Uint8Array(),
      })),
    secondaries: () =>
      db.all('SELECT serial, sec_type FROM secondary_ecus ORDER BY rowid').map((row) => ({
        serial: textOf(row, 'serial') ?? '',
        type: textOf(row, 'sec_type') ?? '',
      })),
  };
}
