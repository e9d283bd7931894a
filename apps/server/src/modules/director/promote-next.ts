// When the update that ran is over, the next one in the queue begins, if it still fits what is installed by now. One that
// does not is over too, and says why. Source: server-protocol 4.4 (one running assignment at a time)
import type { Context } from '../../platform/context.ts';
import type { Transaction } from '../../platform/db/database.ts';
import { publish } from '../../platform/outbox/publish.ts';
import { isSameImage, type AssignmentEvent, type Result } from './assignment.ts';
import { listAssignments, type StoredAssignment } from './assignment-store.ts';
import { beginUpdate } from './begin-update.ts';
import { changeState } from './change-state.ts';
import type { DeviceUpdateCompleted } from './events.ts';
import { listEcus, type DeviceKey } from './store.ts';
import type { RegisteredEcu } from './verify-manifest.ts';

type Verdict = { readonly event: AssignmentEvent; readonly result?: Result };

/** Nothing runs on the device. */
export async function promoteNext(ctx: Context, tx: Transaction, key: DeviceKey): Promise<void> {
  const open = await listAssignments(tx, key, { states: ['queued'] });
  const ecus = new Map((await listEcus(tx, key)).map((ecu) => [ecu.serial, ecu]));
  for (const [correlationId, group] of Map.groupBy(open, (assignment) => assignment.correlationId)) {
    if (await begin(ctx, tx, { key, correlationId, group, ecus })) return;
  }
}

type Queued = {
  readonly key: DeviceKey;
  readonly correlationId: string;
  readonly group: readonly StoredAssignment[];
  readonly ecus: ReadonlyMap<string, RegisteredEcu>;
};

/** False when nothing of it fits any more. */
async function begin(ctx: Context, tx: Transaction, queued: Queued): Promise<boolean> {
  const { key, correlationId, group, ecus } = queued;
  const { environment, uuid: deviceUuid } = key;
  const ended: { ecuSerial: string; result: Result }[] = [];
  for (const assignment of group) {
    const verdict = judge(assignment, ecus.get(assignment.ecuSerial));
    await changeState(ctx, tx, { environment, assignment, ...verdict });
    if (verdict.result !== undefined) ended.push({ ecuSerial: assignment.ecuSerial, result: verdict.result });
  }
  if (ended.length < group.length) {
    await beginUpdate(tx, key, correlationId);
    return true;
  }
  const failed = ended.find((one) => !one.result.success);
  const result = failed?.result ?? alreadyThere();
  const completed: DeviceUpdateCompleted = {
    type: 'DeviceUpdateCompleted',
    environment,
    deviceUuid,
    correlationId,
    result,
    ecuResults: ended,
  };
  await publish(tx, completed);
  return false;
}

function judge(assignment: StoredAssignment, ecu: RegisteredEcu | undefined): Verdict {
  if (ecu === undefined) return { event: 'no_longer_fits', result: noLongerFits('The ECU is gone.') };
  const { installed } = ecu;
  if (installed !== undefined && isSameImage(installed, assignment.target)) {
    return { event: 'image_installed', result: alreadyThere() };
  }
  const { from } = assignment;
  if (from === undefined || (installed !== undefined && isSameImage(installed, from)))
    return { event: 'promoted' };
  const found = installed?.filename ?? 'nothing known';
  return {
    event: 'no_longer_fits',
    result: noLongerFits(`The ECU runs ${found} instead of ${from.filename}.`),
  };
}

function alreadyThere(): Result {
  return {
    success: true,
    code: 'ALREADY_PROCESSED',
    description: 'The target was installed before its turn came',
  };
}

function noLongerFits(description: string): Result {
  return { success: false, code: 'DEVICE_UPDATE_PROCESS_FAILED', description };
}
