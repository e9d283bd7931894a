// Every SQL statement about devices, their contacts and their groups. Reports and events have report-store.ts.
// Lists are read by key, never by offset.
import { sql } from 'kysely';
import type { DeviceStatus } from '@ota-connect/contract/user';
import type { Queryable, Transaction } from '../../platform/db/database.ts';
import type { ReportTables } from './report-store.ts';

export type DeviceRow = {
  environment: string;
  uuid: string;
  device_id: string;
  name: string;
  status: DeviceStatus;
  created_at: number;
};

export type GroupRow = {
  environment: string;
  id: string;
  name: string;
  kind: 'fixed' | 'expression';
  expression: string | null;
  created_at: number;
};

export type DeviceRegistryTables = ReportTables & {
  devices: DeviceRow;
  device_contacts: { environment: string; device_uuid: string; last_seen: number };
  device_groups: GroupRow;
  device_group_members: { environment: string; group_id: string; device_uuid: string };
};

export type SeenDeviceRow = DeviceRow & { last_seen: number | null };
export type CountedGroupRow = GroupRow & { device_count: number };

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

/** False when the name is taken. */
export async function insertGroup(tx: Transaction, row: GroupRow): Promise<boolean> {
  const inserted = await tx
    .insertInto('device_groups')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .returning('id')
    .executeTakeFirst();
  return inserted !== undefined;
}

export async function findGroupRow(
  db: Queryable,
  environment: string,
  id: string,
): Promise<CountedGroupRow | undefined> {
  return countedGroups(db, environment).where('device_groups.id', '=', id).executeTakeFirst();
}

export async function listGroupRows(
  db: Queryable,
  environment: string,
  page: PageRequest,
): Promise<CountedGroupRow[]> {
  const query = countedGroups(db, environment).orderBy('device_groups.id').limit(page.limit);
  return (page.after === undefined ? query : query.where('device_groups.id', '>', page.after)).execute();
}

export async function listExpressionGroups(db: Queryable, environment: string): Promise<GroupRow[]> {
  return db
    .selectFrom('device_groups')
    .selectAll()
    .where('environment', '=', environment)
    .where('kind', '=', 'expression')
    .execute();
}

export async function addMember(
  tx: Transaction,
  row: DeviceRegistryTables['device_group_members'],
): Promise<void> {
  await tx
    .insertInto('device_group_members')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** False when the device was not in the group. */
export async function removeMember(
  tx: Transaction,
  row: DeviceRegistryTables['device_group_members'],
): Promise<boolean> {
  const result = await tx
    .deleteFrom('device_group_members')
    .where('environment', '=', row.environment)
    .where('group_id', '=', row.group_id)
    .where('device_uuid', '=', row.device_uuid)
    .executeTakeFirst();
  return result.numDeletedRows > 0n;
}

export async function isMember(
  db: Queryable,
  row: DeviceRegistryTables['device_group_members'],
): Promise<boolean> {
  const found = await db
    .selectFrom('device_group_members')
    .select('device_uuid')
    .where('environment', '=', row.environment)
    .where('group_id', '=', row.group_id)
    .where('device_uuid', '=', row.device_uuid)
    .executeTakeFirst();
  return found !== undefined;
}

export async function listMembers(
  db: Queryable,
  environment: string,
  page: PageRequest & { readonly groupId: string },
): Promise<SeenDeviceRow[]> {
  const query = seenDevices(db, environment)
    .innerJoin('device_group_members', (join) =>
      join
        .onRef('device_group_members.environment', '=', 'devices.environment')
        .onRef('device_group_members.device_uuid', '=', 'devices.uuid'),
    )
    .where('device_group_members.group_id', '=', page.groupId)
    .orderBy('device_group_members.device_uuid')
    .limit(page.limit);
  return (
    page.after === undefined ? query : query.where('device_group_members.device_uuid', '>', page.after)
  ).execute();
}

/** Groups that a device is in. */
export async function groupIdsOfDevice(
  db: Queryable,
  environment: string,
  deviceUuid: string,
): Promise<string[]> {
  const rows = await db
    .selectFrom('device_group_members')
    .select('group_id')
    .where('environment', '=', environment)
    .where('device_uuid', '=', deviceUuid)
    .execute();
  return rows.map((row) => row.group_id);
}

function seenDevices(db: Queryable, environment: string) {
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

function countedGroups(db: Queryable, environment: string) {
  return db
    .selectFrom('device_groups')
    .selectAll('device_groups')
    .select((eb) =>
      eb
        .selectFrom('device_group_members')
        .select((inner) => inner.fn.countAll<number>().as('count'))
        .whereRef('device_group_members.environment', '=', 'device_groups.environment')
        .whereRef('device_group_members.group_id', '=', 'device_groups.id')
        .$asScalar()
        .$notNull()
        .as('device_count'),
    )
    .where('device_groups.environment', '=', environment);
}
