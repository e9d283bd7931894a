// Every SQL statement about groups and who is in them.
import type { Queryable, Transaction } from '../../platform/db/database.ts';
import { seenDevices, type PageRequest, type SeenDeviceRow } from './store.ts';

export type GroupRow = {
  environment: string;
  id: string;
  name: string;
  kind: 'fixed' | 'expression';
  expression: string | null;
  created_at: number;
};

export type MemberRow = { environment: string; group_id: string; device_uuid: string };
export type GroupTables = { device_groups: GroupRow; device_group_members: MemberRow };
export type CountedGroupRow = GroupRow & { device_count: number };

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

export async function addMember(tx: Transaction, row: MemberRow): Promise<void> {
  await tx
    .insertInto('device_group_members')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** False when the device was not in the group. */
export async function removeMember(tx: Transaction, row: MemberRow): Promise<boolean> {
  const result = await tx
    .deleteFrom('device_group_members')
    .where('environment', '=', row.environment)
    .where('group_id', '=', row.group_id)
    .where('device_uuid', '=', row.device_uuid)
    .executeTakeFirst();
  return result.numDeletedRows > 0n;
}

export async function isMember(db: Queryable, row: MemberRow): Promise<boolean> {
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
