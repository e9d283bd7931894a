// Every SQL statement about the inventory and the signed roles of devices. Assignments have assignment-store.ts.
import { parsePublicKey, type PublicKey } from '@ota-connect/uptane';
import type { Queryable, Transaction } from '../../platform/db/database.ts';
import type { Image } from './assignment.ts';
import type { AssignmentTables } from './assignment-store.ts';
import type { AttackTables } from './attack-store.ts';
import type { InstallationReportTables } from './installation-report-store.ts';
import type { RegisteredEcu } from './verify-manifest.ts';

export type DeviceRole = 'targets' | 'snapshot' | 'timestamp';

export type DirectorTables = AssignmentTables &
  AttackTables &
  InstallationReportTables & {
    director_devices: {
      environment: string;
      uuid: string;
      primary_serial: string;
      /** JSON array of texts. */
      capabilities: string;
      targets_outdated: number;
      created_at: number;
    };
    director_ecus: {
      environment: string;
      device_uuid: string;
      serial: string;
      hardware_id: string;
      public_key: string;
      can_roll_back: number | null;
      /** JSON of an Image; null until the ECU reports. */
      installed: string | null;
      created_at: number;
      removed_at: number | null;
    };
    director_roles: {
      environment: string;
      device_uuid: string;
      role: DeviceRole;
      version: number;
      /** The Root under which it was signed. */
      root_version: number;
      expires_at: number;
      /** Canonical bytes, which are ASCII. */
      body: string;
    };
  };

export type DeviceKey = { readonly environment: string; readonly uuid: string };
export type DeviceRow = DirectorTables['director_devices'];
export type EcuRow = DirectorTables['director_ecus'];
export type RoleRow = DirectorTables['director_roles'];

export async function findDeviceRow(db: Queryable, key: DeviceKey): Promise<DeviceRow | undefined> {
  return db
    .selectFrom('director_devices')
    .selectAll()
    .where('environment', '=', key.environment)
    .where('uuid', '=', key.uuid)
    .executeTakeFirst();
}

export async function saveDeviceRow(tx: Transaction, row: DeviceRow): Promise<void> {
  const { primary_serial, capabilities, targets_outdated } = row;
  await tx
    .insertInto('director_devices')
    .values(row)
    .onConflict((conflict) =>
      conflict
        .columns(['environment', 'uuid'])
        .doUpdateSet({ primary_serial, capabilities, targets_outdated }),
    )
    .execute();
}

/** The signed roles no longer say what they should; the next fetch makes new ones. */
export async function markOutdated(tx: Transaction, key: DeviceKey, outdated: boolean): Promise<void> {
  await tx
    .updateTable('director_devices')
    .set({ targets_outdated: outdated ? 1 : 0 })
    .where('environment', '=', key.environment)
    .where('uuid', '=', key.uuid)
    .execute();
}

/** Those removed included. */
export async function listEcuRows(db: Queryable, key: DeviceKey): Promise<EcuRow[]> {
  return db
    .selectFrom('director_ecus')
    .selectAll()
    .where('environment', '=', key.environment)
    .where('device_uuid', '=', key.uuid)
    .orderBy('created_at')
    .orderBy('serial')
    .execute();
}

/** The ECUs of a device today, the Primary first. */
export async function listEcus(db: Queryable, key: DeviceKey): Promise<RegisteredEcu[]> {
  const device = await findDeviceRow(db, key);
  if (device === undefined) return [];
  const rows = (await listEcuRows(db, key)).filter((row) => row.removed_at === null);
  const ecus = rows.map((row) => toEcu(row, device.primary_serial));
  return [...ecus.filter((ecu) => ecu.isPrimary), ...ecus.filter((ecu) => !ecu.isPrimary)];
}

/** The device that has this serial today. */
export async function findOwnerOfSerial(
  db: Queryable,
  environment: string,
  serial: string,
): Promise<string | undefined> {
  const row = await db
    .selectFrom('director_ecus')
    .select('device_uuid')
    .where('environment', '=', environment)
    .where('serial', '=', serial)
    .where('removed_at', 'is', null)
    .executeTakeFirst();
  return row?.device_uuid;
}

export async function saveEcuRow(tx: Transaction, row: EcuRow): Promise<void> {
  const { hardware_id, public_key, can_roll_back, installed, removed_at } = row;
  await tx
    .insertInto('director_ecus')
    .values(row)
    .onConflict((conflict) =>
      conflict
        .columns(['environment', 'device_uuid', 'serial'])
        .doUpdateSet({ hardware_id, public_key, can_roll_back, installed, removed_at }),
    )
    .execute();
}

export async function setInstalled(
  tx: Transaction,
  key: DeviceKey,
  report: { readonly serial: string; readonly image: Image },
): Promise<void> {
  await tx
    .updateTable('director_ecus')
    .set({ installed: JSON.stringify(report.image) })
    .where('environment', '=', key.environment)
    .where('device_uuid', '=', key.uuid)
    .where('serial', '=', report.serial)
    .execute();
}

export async function listRoleRows(db: Queryable, key: DeviceKey): Promise<Map<DeviceRole, RoleRow>> {
  const rows = await db
    .selectFrom('director_roles')
    .selectAll()
    .where('environment', '=', key.environment)
    .where('device_uuid', '=', key.uuid)
    .execute();
  return new Map(rows.map((row) => [row.role, row]));
}

export async function saveRoleRow(tx: Transaction, row: RoleRow): Promise<void> {
  const { version, root_version, expires_at, body } = row;
  await tx
    .insertInto('director_roles')
    .values(row)
    .onConflict((conflict) =>
      conflict
        .columns(['environment', 'device_uuid', 'role'])
        .doUpdateSet({ version, root_version, expires_at, body }),
    )
    .execute();
}

/** Its ECUs, whose serials are free then, and its roles. */
export async function removeDeviceRows(tx: Transaction, key: DeviceKey): Promise<void> {
  for (const table of ['director_ecus', 'director_roles'] as const) {
    await tx
      .deleteFrom(table)
      .where('environment', '=', key.environment)
      .where('device_uuid', '=', key.uuid)
      .execute();
  }
  await tx
    .deleteFrom('director_devices')
    .where('environment', '=', key.environment)
    .where('uuid', '=', key.uuid)
    .execute();
}

export function keyToText(key: PublicKey): string {
  return JSON.stringify({ keytype: key.keytype, keyval: { public: key.keyval.public } });
}

function toEcu(row: EcuRow, primarySerial: string): RegisteredEcu {
  return {
    serial: row.serial,
    hardwareId: row.hardware_id,
    publicKey: parsePublicKey(JSON.parse(row.public_key) as PublicKey),
    isPrimary: row.serial === primarySerial,
    ...(row.installed === null ? {} : { installed: JSON.parse(row.installed) as Image }),
  };
}
