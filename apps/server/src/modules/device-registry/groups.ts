// Groups of devices. A fixed group holds the devices a person put into it; an expression group holds those whose id
// matches, found once here and then kept by create-device.ts. Source: server-protocol 8.3, 8.4
import type { CreateGroup, Group } from '@ota-connect/contract/user';
import type { Context } from '../../platform/context.ts';
import { inTransaction, type Queryable, type Transaction } from '../../platform/db/database.ts';
import { RequestError } from '../../platform/http/problem.ts';
import { newId } from '../../platform/ids.ts';
import { expressionMatches, parseGroupExpression, type GroupExpression } from './group-expression.ts';
import {
  addMember,
  findGroupRow,
  insertGroup,
  isMember,
  listMembers,
  removeMember,
  type CountedGroupRow,
  type MemberRow,
} from './group-store.ts';
import { findDeviceRow, findDevicesByDeviceId, listDeviceRows } from './store.ts';

const PAGE = 1000;

export type MemberKey = {
  readonly environment: string;
  readonly groupId: string;
  readonly deviceUuid: string;
};

/** Throws RequestError: `invalid_group_expression`, `…_for_group_type`, `missing_entity`, `conflicting_device_group_name`. */
export async function createGroup(ctx: Context, environment: string, wanted: CreateGroup): Promise<Group> {
  const expression = readExpression(wanted);
  const id = newId(ctx.clock.now());
  return inTransaction(ctx.db, async (tx) => {
    const isNew = await insertGroup(tx, {
      environment,
      id,
      name: wanted.name,
      kind: wanted.kind,
      expression: wanted.expression ?? null,
      created_at: ctx.clock.now(),
    });
    if (!isNew) {
      throw new RequestError(
        'conflicting_device_group_name',
        `There is a group named "${wanted.name}" already.`,
      );
    }
    if (expression === undefined) await addListed(tx, { environment, groupId: id }, wanted.deviceIds ?? []);
    else await addMatching(tx, { environment, groupId: id }, expression);
    return toGroup(await findGroup(tx, environment, id));
  });
}

/** Throws RequestError `missing_entity`. */
export async function findGroup(db: Queryable, environment: string, id: string): Promise<CountedGroupRow> {
  const group = await findGroupRow(db, environment, id);
  if (group === undefined) throw new RequestError('missing_entity', `There is no group ${id}.`);
  return group;
}

/** Throws RequestError `missing_entity`, `cannot_add_device_to_dynamic_group`. */
export async function addDeviceToGroup(tx: Transaction, key: MemberKey): Promise<void> {
  const group = await findGroup(tx, key.environment, key.groupId);
  if (group.kind === 'expression') {
    throw new RequestError('cannot_add_device_to_dynamic_group', `"${group.name}" is a group by expression.`);
  }
  if ((await findDeviceRow(tx, key.environment, key.deviceUuid)) === undefined) {
    throw new RequestError('missing_entity', `There is no device ${key.deviceUuid}.`);
  }
  await addMember(tx, toMemberRow(key));
}

/** Throws RequestError `missing_entity`, `cannot_remove_device_from_dynamic_group`. */
export async function removeDeviceFromGroup(tx: Transaction, key: MemberKey): Promise<void> {
  const group = await findGroup(tx, key.environment, key.groupId);
  if (group.kind === 'expression') {
    throw new RequestError(
      'cannot_remove_device_from_dynamic_group',
      `"${group.name}" is a group by expression.`,
    );
  }
  if (!(await removeMember(tx, toMemberRow(key)))) {
    throw new RequestError('missing_entity', `The device ${key.deviceUuid} is not in this group.`);
  }
}

/** A page of uuids after `after`; shorter than `limit` when it is the last. */
export async function devicesOfGroup(
  db: Queryable,
  environment: string,
  page: { readonly groupId: string; readonly after?: string | undefined; readonly limit: number },
): Promise<readonly string[]> {
  return (await listMembers(db, environment, page)).map((row) => row.uuid);
}

export async function groupMatches(db: Queryable, key: MemberKey): Promise<boolean> {
  return isMember(db, toMemberRow(key));
}

export function toGroup(row: CountedGroupRow): Group {
  const { id, name, kind, expression } = row;
  return { id, name, kind, deviceCount: row.device_count, ...(expression === null ? {} : { expression }) };
}

function readExpression(wanted: CreateGroup): GroupExpression | undefined {
  if (wanted.kind === 'fixed') {
    if (wanted.expression === undefined) return undefined;
    throw new RequestError('invalid_group_expression_for_group_type', 'A fixed group has no expression.');
  }
  if (wanted.deviceIds !== undefined) {
    throw new RequestError('cannot_add_device_to_dynamic_group', 'A group by expression lists no devices.');
  }
  const parsed = parseGroupExpression(wanted.expression ?? '');
  if (parsed.kind === 'valid') return parsed.expression;
  throw new RequestError('invalid_group_expression', `At position ${parsed.position}: ${parsed.problem}.`);
}

type GroupKey = { readonly environment: string; readonly groupId: string };

async function addListed(tx: Transaction, group: GroupKey, deviceIds: readonly string[]): Promise<void> {
  const uuids = await findDevicesByDeviceId(tx, group.environment, deviceIds);
  const missing = deviceIds.filter((deviceId) => !uuids.has(deviceId));
  if (missing.length > 0) {
    const more = missing.length > 3 ? ` and ${missing.length - 3} more` : '';
    throw new RequestError('missing_entity', `There is no device ${missing.slice(0, 3).join(', ')}${more}.`);
  }
  for (const deviceUuid of uuids.values()) await addMember(tx, toMemberRow({ ...group, deviceUuid }));
}

async function addMatching(tx: Transaction, group: GroupKey, expression: GroupExpression): Promise<void> {
  let after: string | undefined;
  do {
    const page = await listDeviceRows(tx, group.environment, { after, limit: PAGE });
    for (const device of page) {
      if (!expressionMatches(expression, device.device_id)) continue;
      await addMember(tx, toMemberRow({ ...group, deviceUuid: device.uuid }));
    }
    after = page.length === PAGE ? page.at(-1)?.uuid : undefined;
  } while (after !== undefined);
}

function toMemberRow(key: MemberKey): MemberRow {
  return { environment: key.environment, group_id: key.groupId, device_uuid: key.deviceUuid };
}
