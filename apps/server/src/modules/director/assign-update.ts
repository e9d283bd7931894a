// An update for one device: its ECUs get assignments at once, or in the queue when an earlier update has not ended.
// Asking again with the same correlation id changes nothing. Source: server-protocol 4.3, 4.4
import { canonicalBytes, DEFAULT_LIMITS, instantFromMs, nextTargets } from '@ota-connect/uptane';
import type { Context } from '../../platform/context.ts';
import type { Queryable, Transaction } from '../../platform/db/database.ts';
import { newId } from '../../platform/ids.ts';
import type { Assignment } from './assignment.ts';
import { insertAssignment, listAssignments, type StoredAssignment } from './assignment-store.ts';
import { beginUpdate } from './begin-update.ts';
import { deviceTargets } from './device-targets.ts';
import { findAffected, type Affected, type NotAffectedCode, type UpdateTarget } from './find-affected.ts';
import { listEcus, type DeviceKey } from './store.ts';

export type UpdateRequest = {
  readonly environment: string;
  readonly deviceUuid: string;
  readonly targets: readonly UpdateTarget[];
};

export type Assigned = 'assigned' | 'queued' | { readonly notAffected: NotAffectedCode };

const OPEN = ['queued', 'assigned', 'in_flight'] as const;
/** Room for the signatures around the signed part, and for the vehicle's id in it. */
const ENVELOPE_BYTES = 4096;

export async function assignUpdate(
  ctx: Context,
  tx: Transaction,
  update: UpdateRequest & { readonly correlationId: string },
): Promise<Assigned> {
  const { environment, deviceUuid, correlationId } = update;
  const key: DeviceKey = { environment, uuid: deviceUuid };
  const before = await listAssignments(tx, key, { correlationId });
  if (before.length > 0) return before.some((one) => one.state === 'queued') ? 'queued' : 'assigned';
  const open = await listAssignments(tx, key, { states: OPEN });
  const affected = await judge(tx, update, open);
  if (affected.kind === 'not_affected') return { notAffected: affected.code };
  const state = open.length === 0 ? 'assigned' : 'queued';
  const now = ctx.clock.now();
  const assignments = affected.ecus.map(({ ecu, target }) => ({
    id: newId(now),
    deviceUuid,
    correlationId,
    ecuSerial: ecu.serial,
    hardwareId: ecu.hardwareId,
    target: target.to,
    state,
    createdAt: now,
    ...(target.from === undefined ? {} : { from: target.from }),
  })) satisfies StoredAssignment[];
  if (!fitsTargets(assignments)) return { notAffected: 'targets_too_large' };
  for (const assignment of assignments) await insertAssignment(tx, environment, assignment);
  if (state === 'queued') return 'queued';
  await beginUpdate(tx, key, correlationId);
  return 'assigned';
}

/** What assignUpdate would say, without doing it. A device that is busy counts as affected: the update would wait. */
export async function dryRunUpdate(
  db: Queryable,
  update: UpdateRequest,
): Promise<'affected' | { readonly notAffected: NotAffectedCode }> {
  const key = { environment: update.environment, uuid: update.deviceUuid };
  const affected = await judge(db, update, await listAssignments(db, key, { states: OPEN }));
  return affected.kind === 'affected' ? 'affected' : { notAffected: affected.code };
}

async function judge(db: Queryable, update: UpdateRequest, open: readonly Assignment[]): Promise<Affected> {
  const expected = new Map(open.map((assignment) => [assignment.ecuSerial, assignment.target]));
  const ecus = await listEcus(db, { environment: update.environment, uuid: update.deviceUuid });
  const updatable = ecus.map((ecu) => {
    const later = expected.get(ecu.serial);
    return later === undefined ? ecu : { ...ecu, expected: later };
  });
  return findAffected(updatable, update.targets);
}

/** The original's client refuses Targets above 64 KiB: an update of that size must not begin. */
function fitsTargets(assignments: readonly Assignment[]): boolean {
  const assigned = assignments.map((assignment) => ({ ...assignment, state: 'assigned' }) as const);
  const content = deviceTargets('', assigned);
  if (content.kind === 'contradiction') return false;
  const signed = nextTargets({ ...content, version: Number.MAX_SAFE_INTEGER, expires: instantFromMs(0) });
  return canonicalBytes(signed).length + ENVELOPE_BYTES <= DEFAULT_LIMITS.directorTargetsBytes;
}
