// Every SQL statement about assignments. Ids are UUIDv7, so their order is the order of acceptance.
import type { Queryable, Transaction } from '../../platform/db/database.ts';
import type { Assignment, AssignedTarget, AssignmentState, Image, Result } from './assignment.ts';

export type AssignmentRow = {
  environment: string;
  id: string;
  device_uuid: string;
  correlation_id: string;
  ecu_serial: string;
  hardware_id: string;
  /** JSON of the Image that had to be installed; null: any. */
  from_image: string | null;
  /** JSON of an AssignedTarget. */
  target: string;
  state: AssignmentState;
  /** JSON of a Result. */
  result: string | null;
  created_at: number;
  updated_at: number;
  completed_at: number | null;
};

export type AssignmentTables = { director_assignments: AssignmentRow };

export type StoredAssignment = Assignment & {
  readonly deviceUuid: string;
  readonly createdAt: number;
  readonly completedAt?: number;
};

type DeviceKey = { readonly environment: string; readonly uuid: string };

export async function insertAssignment(
  tx: Transaction,
  environment: string,
  assignment: StoredAssignment,
): Promise<void> {
  await tx
    .insertInto('director_assignments')
    .values({
      environment,
      id: assignment.id,
      device_uuid: assignment.deviceUuid,
      correlation_id: assignment.correlationId,
      ecu_serial: assignment.ecuSerial,
      hardware_id: assignment.hardwareId,
      from_image: assignment.from === undefined ? null : JSON.stringify(assignment.from),
      target: JSON.stringify(assignment.target),
      state: assignment.state,
      result: null,
      created_at: assignment.createdAt,
      updated_at: assignment.createdAt,
      completed_at: null,
    })
    .execute();
}

/** In the order of acceptance. */
export async function listAssignments(
  db: Queryable,
  key: DeviceKey,
  filter: { readonly states?: readonly AssignmentState[]; readonly correlationId?: string } = {},
): Promise<StoredAssignment[]> {
  let query = db
    .selectFrom('director_assignments')
    .selectAll()
    .where('environment', '=', key.environment)
    .where('device_uuid', '=', key.uuid)
    .orderBy('id');
  if (filter.states !== undefined) query = query.where('state', 'in', filter.states);
  if (filter.correlationId !== undefined) query = query.where('correlation_id', '=', filter.correlationId);
  return (await query.execute()).map(toAssignment);
}

export type StateChange = {
  readonly id: string;
  readonly state: AssignmentState;
  readonly result?: Result;
  readonly now: number;
};

export async function setAssignmentState(
  tx: Transaction,
  environment: string,
  change: StateChange,
): Promise<void> {
  const ended = change.state === 'completed' || change.state === 'failed' || change.state === 'cancelled';
  await tx
    .updateTable('director_assignments')
    .set({
      state: change.state,
      updated_at: change.now,
      completed_at: ended ? change.now : null,
      ...(change.result === undefined ? {} : { result: JSON.stringify(change.result) }),
    })
    .where('environment', '=', environment)
    .where('id', '=', change.id)
    .execute();
}

function toAssignment(row: AssignmentRow): StoredAssignment {
  return {
    id: row.id,
    deviceUuid: row.device_uuid,
    correlationId: row.correlation_id,
    ecuSerial: row.ecu_serial,
    hardwareId: row.hardware_id,
    target: JSON.parse(row.target) as AssignedTarget,
    state: row.state,
    createdAt: row.created_at,
    ...(row.from_image === null ? {} : { from: JSON.parse(row.from_image) as Image }),
    ...(row.result === null ? {} : { result: JSON.parse(row.result) as Result }),
    ...(row.completed_at === null ? {} : { completedAt: row.completed_at }),
  };
}
