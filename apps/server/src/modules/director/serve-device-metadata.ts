// What a device gets when it asks for its Targets, Snapshot or Timestamp. They are made when they are asked for: when
// something was assigned, taken back or ended, when one is about to expire, when Root has changed. Fetching Targets is what
// puts an assignment in flight. Most fetches find everything as it was and write nothing.
// A device that reads Timestamp first (originals never do) gets the Snapshot and Targets which that Timestamp lists, even
// when something is assigned between two fetches of its poll: a mixture would be refused as an attack. So does one that
// asks for VERSION.NAME: it has the version from there.
// Source: server-protocol 4.6
import type { Context } from '../../platform/context.ts';
import { inTransaction, type Queryable, type Transaction } from '../../platform/db/database.ts';
import { flushed, oweFlush } from '../../platform/db/durability.ts';
import type { Device } from '../../platform/http/authenticate-device.ts';
import { publish } from '../../platform/outbox/publish.ts';
import { rootVersion } from '../keyserver/index.ts';
import { listAssignments, type StoredAssignment } from './assignment-store.ts';
import { changeState } from './change-state.ts';
import type { UpdateInFlight } from './events.ts';
import { signTargets, signTimestamp } from './sign-device-roles.ts';
import { findDeviceRow, listRoleRows, type DeviceKey, type DeviceRole, type RoleRow } from './store.ts';

const REFRESH_BEFORE_MS = 60 * 60_000;

type Wanted = {
  readonly device: Device;
  readonly role: DeviceRole;
  /** The poll has read Timestamp: what it lists is served as it stands. */
  readonly followsTimestamp: boolean;
  /** This one or none. */
  readonly version?: number | undefined;
};
type Found = {
  readonly row: RoleRow | undefined;
  readonly stale: 'no' | 'timestamp' | 'all';
  /** Assigned, and about to be seen by the device for the first time. */
  readonly unseen: readonly StoredAssignment[];
};

/** Undefined: the device has registered no ECUs, or another version is the current one. */
export async function serveDeviceRole(ctx: Context, wanted: Wanted): Promise<Uint8Array | undefined> {
  const document = await currentRole(ctx, wanted);
  // A version that a device has seen must never be given to other content.
  await flushed(ctx.db);
  return document;
}

async function currentRole(ctx: Context, wanted: Wanted): Promise<Uint8Array | undefined> {
  const { device, role } = wanted;
  const found = await look(ctx, ctx.db, wanted);
  if (found === undefined) return undefined;
  if (found.stale === 'no') {
    if (!isWanted(found.row, wanted)) return undefined;
    if (found.unseen.length === 0) return bytesOf(found.row);
  }
  return inTransaction(ctx.db, async (tx) => {
    const now = await look(ctx, tx, wanted);
    if (now?.stale === 'all') await signTargets(ctx, tx, device);
    if (now?.stale === 'timestamp') await signTimestamp(ctx, tx, device);
    const row = (await listRoleRows(tx, device)).get(role);
    if (!isWanted(row, wanted)) return undefined;
    await markInFlight(ctx, tx, { key: device, assignments: now?.unseen ?? [] });
    return bytesOf(row);
  });
}

function isWanted(row: RoleRow | undefined, { version }: Wanted): row is RoleRow {
  return row !== undefined && (version === undefined || row.version === version);
}

async function look(
  ctx: Context,
  db: Queryable,
  { device: key, role, followsTimestamp, version }: Wanted,
): Promise<Found | undefined> {
  const device = await findDeviceRow(db, key);
  if (device === undefined) return undefined;
  const rows = await listRoleRows(db, key);
  const root = await rootVersion(db, { environment: key.environment, repository: 'director' });
  const soon = ctx.clock.now() + REFRESH_BEFORE_MS;
  const isFresh = (name: DeviceRole): boolean => {
    const row = rows.get(name);
    return row !== undefined && row.expires_at >= soon && row.root_version === root;
  };
  const standing = rows.get(role);
  const isNamed = version !== undefined && standing?.version === version && isFresh(role);
  if ((followsTimestamp || isNamed) && device.targets_outdated === 1 && standing !== undefined) {
    return { row: standing, stale: 'no', unseen: [] };
  }
  const rests = device.targets_outdated === 0 && isFresh('targets') && isFresh('snapshot');
  const stale = rests ? (isFresh('timestamp') ? 'no' : 'timestamp') : 'all';
  const unseen = role === 'targets' ? await listAssignments(db, key, { states: ['assigned'] }) : [];
  return { row: standing, stale, unseen };
}

async function markInFlight(
  ctx: Context,
  tx: Transaction,
  seen: { readonly key: DeviceKey; readonly assignments: readonly StoredAssignment[] },
): Promise<void> {
  const { environment, uuid: deviceUuid } = seen.key;
  for (const assignment of seen.assignments) {
    await changeState(ctx, tx, { environment, assignment, event: 'targets_fetched' });
  }
  const [first] = seen.assignments;
  if (first === undefined) return;
  oweFlush(ctx.db);
  const { correlationId } = first;
  await publish(tx, {
    type: 'UpdateInFlight',
    environment,
    deviceUuid,
    correlationId,
  } satisfies UpdateInFlight);
}

function bytesOf(row: RoleRow): Uint8Array {
  return Buffer.from(row.body, 'ascii');
}
