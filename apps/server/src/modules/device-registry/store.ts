// Every SQL statement about devices and their contacts. Groups have group-store.ts, reports and events report-store.ts.
// Lists are read by key, never by offset.
import { sql } from 'kysely';
import type { DeviceStatus } from '@ota-connect/contract/user';
import type { Queryable, Transaction } from '../../platform/db/database.ts';
import type { GroupTables } from './group-store.ts';
import type { ReportTables } from './report-store.ts';

export type DeviceRow = {
  environment: string;
  uuid: string;
  device_id: string;
  name: string;
  status: DeviceStatus;
  created_at: number;
};

export type DeviceRegistryTables = ReportTables &
  GroupTables & {
    devices: DeviceRow;
    device_contacts: { environment: string; device_uuid: string; last_seen: number };
  };

export type SeenDeviceRow = DeviceRow & { last_seen: number | null };

/** One page of a list: `after` is the key of the last row of the page before. */
export type PageRequest = { readonly after?: string | undefined; readonly limit: number };

/** False when the device id is taken. */
export async function insertDevice(tx: Transaction, row: DeviceRow): Promise<boolean> {
  const inserted = await tx
    .insertInto('devices')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .returning('uuid')
    .executeTakeFirst();
  return inserted !== undefined;
}

export async function findDeviceRow(
  db: Queryable,
  environment: string,
  uuid: string,
): Promise<SeenDeviceRow | undefined> {
  return seenDevices(db, environment).where('devices.uuid', '=', uuid).executeTakeFirst();
}

export async function listDeviceRows(
  db: Queryable,
  environment: string,
  filter: PageRequest & {
    readonly nameContains?: string | undefined;
    readonly deviceId?: string | undefined;
  },
): Promise<SeenDeviceRow[]> {
  let query = seenDevices(db, environment).orderBy('devices.uuid').limit(filter.limit);
  if (filter.after !== undefined) query = query.where('devices.uuid', '>', filter.after);
  if (filter.deviceId !== undefined) query = query.where('devices.device_id', '=', filter.deviceId);
  if (filter.nameContains !== undefined) {
    const wanted = `%${filter.nameContains.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`;
    query = query.where(sql<boolean>`lower(devices.name) LIKE ${wanted} ESCAPE '\\'`);
  }
  return query.execute();
}

/** Uuids of those device ids that exist. */
export async function findDevicesByDeviceId(
  db: Queryable,
  environment: string,
  deviceIds: readonly string[],
): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const ids = [...new Set(deviceIds)];
  for (let start = 0; start < ids.length; start += 500) {
    const rows = await db
      .selectFrom('devices')
      .select(['uuid', 'device_id'])
      .where('environment', '=', environment)
      .where('device_id', 'in', ids.slice(start, start + 500))
      .execute();
    for (const row of rows) found.set(row.device_id, row.uuid);
  }
  return found;
}

/** Device ids of those uuids that exist. */
export async function deviceIdsOf(
  db: Queryable,
  environment: string,
  uuids: readonly string[],
): Promise<Map<string, string>> {
  if (uuids.length === 0) return new Map();
  const rows = await db
    .selectFrom('devices')
    .select(['uuid', 'device_id'])
    .where('environment', '=', environment)
    .where('uuid', 'in', uuids)
    .execute();
  return new Map(rows.map((row) => [row.uuid, row.device_id]));
}

export async function setDeviceStatus(
  tx: Transaction,
  environment: string,
  uuid: string,
  status: DeviceStatus,
): Promise<void> {
  await tx
    .updateTable('devices')
    .set({ status })
    .where('environment', '=', environment)
    .where('uuid', '=', uuid)
    .execute();
}

/** The row of a device, its contact, and its place in groups. */
export async function removeDeviceRows(tx: Transaction, environment: string, uuid: string): Promise<void> {
  for (const table of ['device_group_members', 'device_contacts'] as const) {
    await tx
      .deleteFrom(table)
      .where('environment', '=', environment)
      .where('device_uuid', '=', uuid)
      .execute();
  }
  await tx.deleteFrom('devices').where('environment', '=', environment).where('uuid', '=', uuid).execute();
}

export type Contact = { readonly environment: string; readonly uuid: string; readonly at: number };

/** True when it is the first contact. A contact of a device that is not (or no longer) here leaves no row. */
export async function recordContact(tx: Transaction, contact: Contact): Promise<boolean> {
  const device = await findDeviceRow(tx, contact.environment, contact.uuid);
  if (device === undefined) return false;
  await tx
    .insertInto('device_contacts')
    .values({ environment: contact.environment, device_uuid: contact.uuid, last_seen: contact.at })
    .onConflict((conflict) =>
      conflict.columns(['environment', 'device_uuid']).doUpdateSet({ last_seen: contact.at }),
    )
    .execute();
  return device.last_seen === null;
}

/** Devices with their last contact; other stores add what they join. */
export function seenDevices(db: Queryable, environment: string) {
  return db
    .selectFrom('devices')
    .leftJoin('device_contacts', (join) =>
      join
        .onRef('device_contacts.environment', '=', 'devices.environment')
        .onRef('device_contacts.device_uuid', '=', 'devices.uuid'),
    )
    .selectAll('devices')
    .select('device_contacts.last_seen')
    .where('devices.environment', '=', environment);
}
