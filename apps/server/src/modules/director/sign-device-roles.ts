// The next Targets, Snapshot and Timestamp of one device, signed and stored as canonical bytes: the hash listed one level
// up is the hash of the bytes served. Versions only grow, per role.
// Source: server-protocol 2.3 rules 1 to 5 and 9, 4.6, Appendix A
import {
  addSeconds,
  DEFAULT_LIMITS,
  hashBytes,
  instantFromMs,
  nextSnapshot,
  nextTargets,
  nextTimestamp,
  type Instant,
  type JsonObject,
} from '@ota-connect/uptane';
import type { Context } from '../../platform/context.ts';
import type { Transaction } from '../../platform/db/database.ts';
import { BugError } from '../../platform/errors.ts';
import type { Device } from '../../platform/http/authenticate-device.ts';
import { rootVersion, signRole } from '../keyserver/index.ts';
import { listAssignments } from './assignment-store.ts';
import { deviceTargets } from './device-targets.ts';
import { listRoleRows, markOutdated, saveRoleRow, type DeviceKey, type DeviceRole } from './store.ts';

const DAY_S = 86_400;
const LIFETIME_S: Readonly<Record<DeviceRole, number>> = {
  targets: 31 * DAY_S,
  snapshot: 31 * DAY_S,
  timestamp: DAY_S,
};

type Header = { readonly version: number; readonly expires: Instant };
type Listing = {
  readonly version: number;
  readonly lengthBytes: number;
  readonly hashes: { readonly sha256: string };
};

/** All three anew, from the assignments as they are. */
export async function signTargets(ctx: Context, tx: Transaction, device: Device): Promise<void> {
  const key: DeviceKey = { environment: device.environment, uuid: device.uuid };
  const running = await listAssignments(tx, key, { states: ['assigned', 'in_flight'] });
  const content = deviceTargets(device.deviceId, running);
  if (content.kind === 'contradiction') throw new BugError(`Targets of ${key.uuid}: ${content.reason}.`);
  const { targets, custom } = content;
  const listed = await signNext(ctx, tx, { key, role: 'targets' }, (header) =>
    nextTargets({ ...header, targets, custom }),
  );
  await signSnapshot(ctx, tx, { key, targets: listed });
  await markOutdated(tx, key, false);
}

/** Timestamp alone, over the Snapshot that is there. */
export async function signTimestamp(ctx: Context, tx: Transaction, key: DeviceKey): Promise<void> {
  const snapshot = (await listRoleRows(tx, key)).get('snapshot');
  if (snapshot === undefined) throw new BugError(`The device ${key.uuid} has no Snapshot.`);
  const listing = listingOf(snapshot.version, Buffer.from(snapshot.body, 'ascii'));
  await signNext(ctx, tx, { key, role: 'timestamp' }, (header) =>
    nextTimestamp({ ...header, snapshot: listing }),
  );
}

async function signSnapshot(
  ctx: Context,
  tx: Transaction,
  of: { readonly key: DeviceKey; readonly targets: Listing },
): Promise<void> {
  const root = { version: await rootVersion(tx, directorOf(of.key)) };
  const meta = new Map([
    ['root.json', root],
    ['targets.json', of.targets],
  ]);
  const snapshot = await signNext(ctx, tx, { key: of.key, role: 'snapshot' }, (header) =>
    nextSnapshot({ ...header, meta }),
  );
  await signNext(ctx, tx, { key: of.key, role: 'timestamp' }, (header) =>
    nextTimestamp({ ...header, snapshot }),
  );
}

async function signNext(
  ctx: Context,
  tx: Transaction,
  document: { readonly key: DeviceKey; readonly role: DeviceRole },
  build: (header: Header) => JsonObject,
): Promise<Listing> {
  const { key, role } = document;
  const ref = directorOf(key);
  const version = ((await listRoleRows(tx, key)).get(role)?.version ?? 0) + 1;
  const expires = addSeconds(instantFromMs(ctx.clock.now()), LIFETIME_S[role]);
  const bytes = await signRole(ctx, tx, ref, { role, signed: build({ version, expires }) });
  if (bytes.length > DEFAULT_LIMITS.directorTargetsBytes) {
    throw new BugError(`The ${role} of ${key.uuid} are longer than devices accept.`);
  }
  await saveRoleRow(tx, {
    environment: key.environment,
    device_uuid: key.uuid,
    role,
    version,
    root_version: await rootVersion(tx, ref),
    expires_at: expires * 1000,
    body: Buffer.from(bytes).toString('ascii'),
  });
  return listingOf(version, bytes);
}

function listingOf(version: number, bytes: Uint8Array): Listing {
  return { version, lengthBytes: bytes.length, hashes: { sha256: hashBytes(bytes).sha256 } };
}

function directorOf(key: DeviceKey): { environment: string; repository: 'director' } {
  return { environment: key.environment, repository: 'director' };
}
