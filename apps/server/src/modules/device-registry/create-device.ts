// A new device: its row, and its place in every expression group that it matches, so that nobody evaluates an expression
// later. Source: server-protocol 8.2, 8.4
import type { Context } from '../../platform/context.ts';
import type { Transaction } from '../../platform/db/database.ts';
import { RequestError } from '../../platform/http/problem.ts';
import { newId } from '../../platform/ids.ts';
import { publish } from '../../platform/outbox/publish.ts';
import type { DeviceCreated } from './events.ts';
import { expressionMatches, parseGroupExpression } from './group-expression.ts';
import { addMember, listExpressionGroups } from './group-store.ts';
import { insertDevice } from './store.ts';

/** Throws RequestError `device_already_registered`. */
export async function registerDevice(
  ctx: Context,
  tx: Transaction,
  device: { readonly environment: string; readonly deviceId: string },
): Promise<{ readonly uuid: string }> {
  const { environment, deviceId } = device;
  const now = ctx.clock.now();
  const uuid = newId(now);
  const row = { environment, uuid, device_id: deviceId, name: deviceId, created_at: now };
  if (!(await insertDevice(tx, { ...row, status: 'NotSeen' }))) {
    throw new RequestError(
      'device_already_registered',
      `A device with the id "${deviceId}" is registered already.`,
    );
  }
  for (const group of await listExpressionGroups(tx, environment)) {
    const parsed = parseGroupExpression(group.expression ?? '');
    if (parsed.kind === 'valid' && expressionMatches(parsed.expression, deviceId)) {
      await addMember(tx, { environment, group_id: group.id, device_uuid: uuid });
    }
  }
  await publish(tx, {
    type: 'DeviceCreated',
    environment,
    deviceUuid: uuid,
    deviceId,
  } satisfies DeviceCreated);
  return { uuid };
}
