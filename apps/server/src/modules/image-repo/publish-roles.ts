// The next Targets, Snapshot and Timestamp of the Image repository, signed and stored in the caller's transaction, as
// canonical bytes: the hash listed one level up is the hash of the bytes served. Only SHA-256 is listed for targets, so
// that a device hashes each image once.
// Source: server-protocol 2.3 (3 to 5), 5.1, Appendix A; Uptane Standard #targets_role
import {
  addSeconds,
  DEFAULT_LIMITS,
  hashBytes,
  instantFromMs,
  jsonObject,
  sha256Hex,
} from '@ota-connect/uptane';
import {
  nextSnapshot,
  nextTargets,
  nextTimestamp,
  type FileListing,
  type JsonObject,
} from '@ota-connect/uptane';
import { isoSeconds } from '../../platform/clock.ts';
import type { Context } from '../../platform/context.ts';
import type { Transaction } from '../../platform/db/database.ts';
import { BugError } from '../../platform/errors.ts';
import { RequestError } from '../../platform/http/problem.ts';
import { rootChain, rootVersion, signRole, type RepositoryRef } from '../keyserver/index.ts';
import { findRole, listTargets, saveRole, type PublishedRole, type RoleRow, type Target } from './store.ts';

const DAY_S = 86_400;

/** How long the new documents hold: after a change, or when one is only signed anew. */
export const LIFETIMES = {
  change: { targets: 31 * DAY_S, snapshot: 31 * DAY_S, timestamp: 31 * DAY_S },
  refresh: { targets: 30 * DAY_S, snapshot: 30 * DAY_S, timestamp: DAY_S },
} as const;
export type Lifetimes = Readonly<Record<PublishedRole, number>>;

/** Signs Targets and whatever rests on it. Throws RequestError `payload_too_large` when no device would take it. */
export async function publishTargets(
  ctx: Context,
  tx: Transaction,
  environment: string,
  lifetimes: Lifetimes = LIFETIMES.change,
): Promise<void> {
  const targets = (await listTargets(tx, environment)).map((target) => ({
    name: target.filename,
    lengthBytes: target.lengthBytes,
    hashes: { sha256: target.sha256 },
    custom: customOf(target),
  }));
  const row = await signNext(
    ctx,
    tx,
    { environment, role: 'targets', lifetimeS: lifetimes.targets },
    (header) => nextTargets({ ...header, targets }),
  );
  if (row.document.byteLength > DEFAULT_LIMITS.imageTargetsBytes) {
    throw new RequestError(
      'payload_too_large',
      'The list of software is full: devices would refuse a longer one.',
    );
  }
  await publishSnapshot(ctx, tx, environment, lifetimes);
}

export async function publishSnapshot(
  ctx: Context,
  tx: Transaction,
  environment: string,
  lifetimes: Lifetimes,
): Promise<void> {
  const ref: RepositoryRef = { environment, repository: 'image' };
  const root = await rootChain(ctx, tx, ref);
  if (!root) throw new BugError('The image repository has no Root.');
  const meta = new Map<string, FileListing>([
    ['root.json', { version: await rootVersion(tx, ref), ...measure(root) }],
    ['targets.json', await listing(tx, environment, 'targets')],
  ]);
  await signNext(ctx, tx, { environment, role: 'snapshot', lifetimeS: lifetimes.snapshot }, (header) =>
    nextSnapshot({ ...header, meta }),
  );
  await publishTimestamp(ctx, tx, environment, lifetimes);
}

export async function publishTimestamp(
  ctx: Context,
  tx: Transaction,
  environment: string,
  lifetimes: Lifetimes,
): Promise<void> {
  const snapshot = await listing(tx, environment, 'snapshot');
  await signNext(ctx, tx, { environment, role: 'timestamp', lifetimeS: lifetimes.timestamp }, (header) =>
    nextTimestamp({ ...header, snapshot }),
  );
}

type Publication = { readonly environment: string; readonly role: PublishedRole; readonly lifetimeS: number };
type Header = { readonly version: number; readonly expires: ReturnType<typeof addSeconds> };

async function signNext(
  ctx: Context,
  tx: Transaction,
  publication: Publication,
  build: (header: Header) => JsonObject,
): Promise<RoleRow> {
  const { environment, role, lifetimeS } = publication;
  const ref: RepositoryRef = { environment, repository: 'image' };
  const version = ((await findRole(tx, environment, role))?.version ?? 0) + 1;
  const expires = addSeconds(instantFromMs(ctx.clock.now()), lifetimeS);
  const document = await signRole(ctx, tx, ref, { role, signed: build({ version, expires }) });
  const row = {
    role,
    version,
    document,
    sha256: sha256Hex(document),
    expires_at: expires * 1000,
    root_version: await rootVersion(tx, ref),
  };
  await saveRole(tx, environment, row);
  return row;
}

async function listing(
  tx: Transaction,
  environment: string,
  role: PublishedRole,
): Promise<{ version: number } & ReturnType<typeof measure>> {
  const row = await findRole(tx, environment, role);
  if (!row) throw new BugError(`${role} has to be signed before what lists it.`);
  return { version: row.version, ...measure(row.document) };
}

function measure(document: Uint8Array): { lengthBytes: number; hashes: { sha256: string } } {
  return { lengthBytes: document.byteLength, hashes: { sha256: hashBytes(document).sha256 } };
}

function customOf(target: Target): JsonObject {
  return jsonObject([
    ['name', target.name],
    ['version', target.version],
    ['hardwareIds', target.hardwareIds],
    ['targetFormat', 'BINARY'],
    ['releaseCounter', target.releaseCounter],
    ['createdAt', isoSeconds(target.createdAt)],
    ['updatedAt', isoSeconds(target.createdAt)],
  ]);
}
