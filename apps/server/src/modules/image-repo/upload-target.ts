// A file becomes a target: its bytes are stored while they arrive, then the target is listed and the roles are signed
// in one transaction. A name, once given, always means the same bytes: devices refuse a name that changes its content.
// Source: server-protocol 5.2, client-protocol 14 (11)
import type { Readable } from 'node:stream';
import type { Context } from '../../platform/context.ts';
import { inTransaction, type Transaction } from '../../platform/db/database.ts';
import { flushToDisk } from '../../platform/db/durability.ts';
import type { StoredBlob } from '../../platform/blobs/blob-store.ts';
import { RequestError } from '../../platform/http/problem.ts';
import { newId } from '../../platform/ids.ts';
import { publish } from '../../platform/outbox/publish.ts';
import type { TargetAdded } from './events.ts';
import { publishTargets } from './publish-roles.ts';
import { allBlobKeys, findTarget, insertTarget, listReleases, type Target } from './store.ts';

export type Upload = {
  readonly environment: string;
  readonly filename: string;
  readonly name: string | undefined;
  readonly version: string | undefined;
  readonly hardwareIds: readonly string[];
  readonly lengthBytes: number;
  readonly body: Readable;
};

export type UploadOutcome = { readonly kind: 'created' | 'unchanged'; readonly target: Target };

type Stored = StoredBlob & { readonly blobKey: string };

/** Throws RequestError `invalid_entity`, `conflicting_entity`; StorageError `upload_incomplete`, `storage_unavailable`. */
export async function uploadTarget(ctx: Context, upload: Upload): Promise<UploadOutcome> {
  checkNames(upload);
  const known = await findTarget(ctx.db, upload.environment, upload.filename);
  if (known && known.lengthBytes !== upload.lengthBytes) throw conflict(upload);
  const blobKey = newId(ctx.clock.now());
  const stored = await ctx.blobs.put(blobKey, upload.body, { lengthBytes: upload.lengthBytes });
  const outcome = await listOrRemove(ctx, upload, { ...stored, blobKey });
  // Behind here the blob may be listed, whatever fails: it stays.
  await flushToDisk(ctx.db);
  if (outcome.kind === 'unchanged') await ctx.blobs.remove(blobKey);
  return outcome;
}

async function listOrRemove(ctx: Context, upload: Upload, stored: Stored): Promise<UploadOutcome> {
  try {
    return await inTransaction(ctx.db, (tx) => listTarget(ctx, tx, upload, stored));
  } catch (error) {
    // A commit that failed may still have happened. What this leaves in doubt goes at the next start.
    if (!(await mayBeListed(ctx, stored.blobKey))) await ctx.blobs.remove(stored.blobKey);
    throw error;
  }
}

async function mayBeListed(ctx: Context, blobKey: string): Promise<boolean> {
  try {
    return (await allBlobKeys(ctx.db)).has(blobKey);
  } catch (error) {
    ctx.log.error({ err: error }, 'An upload that failed is kept until the next start');
    return true;
  }
}

async function listTarget(
  ctx: Context,
  tx: Transaction,
  upload: Upload,
  stored: Stored,
): Promise<UploadOutcome> {
  const { environment, filename, hardwareIds } = upload;
  const known = await findTarget(tx, environment, filename);
  if (known && known.sha256 !== stored.hashes.sha256) throw conflict(upload);
  if (known) return { kind: 'unchanged', target: known };
  const name = upload.name ?? filename;
  const releaseCounter = await nextReleaseCounter(tx, { environment, name, hardwareIds });
  const target: Target = {
    filename,
    name,
    version: upload.version ?? String(releaseCounter),
    hardwareIds,
    lengthBytes: stored.lengthBytes,
    sha256: stored.hashes.sha256,
    sha512: stored.hashes.sha512,
    releaseCounter,
    createdAt: ctx.clock.now(),
    blobKey: stored.blobKey,
  };
  await insertTarget(tx, environment, target);
  await publishTargets(ctx, tx, environment);
  await publish(tx, { type: 'TargetAdded', environment, filename, name } satisfies TargetAdded);
  return { kind: 'created', target };
}

/**
 * An ECU takes no lower counter than it ran. Each upload of the same software counts up, so that an older one comes back
 * only as a new target; other software for the same hardware starts level with it, so that it is always installable.
 */
async function nextReleaseCounter(
  tx: Transaction,
  upload: { readonly environment: string; readonly name: string; readonly hardwareIds: readonly string[] },
): Promise<number> {
  const releases = await listReleases(tx, upload.environment);
  const highest = (chosen: typeof releases): number =>
    chosen.reduce((most, release) => Math.max(most, release.releaseCounter), 0);
  const sameSoftware = highest(releases.filter((release) => release.name === upload.name)) + 1;
  const sameHardware = highest(
    releases.filter((release) => release.hardwareIds.some((id) => upload.hardwareIds.includes(id))),
  );
  return Math.max(sameSoftware, sameHardware);
}

/** Signed documents are ASCII; names become parts of URLs and, on devices, of lists that people read. */
function checkNames(upload: Upload): void {
  const { filename, hardwareIds } = upload;
  const isGood =
    /^[!-~]{1,253}$/.test(filename) && !filename.split('/').some((part) => part === '' || /^\.+$/.test(part));
  if (!isGood || filename.includes('..')) {
    const rule =
      'A file name is 1 to 253 printable ASCII characters without spaces, without ".." and empty folders.';
    throw new RequestError('invalid_entity', rule);
  }
  const areGood = hardwareIds.length > 0 && hardwareIds.every((id) => /^[!-~]([ -~]{0,198}[!-~])?$/.test(id));
  if (!areGood)
    throw new RequestError('invalid_entity', 'Name at least one hardware id, each 1 to 200 characters.');
}

function conflict(upload: Upload): RequestError {
  const message = `"${upload.filename}" exists with other content; upload the new content under a new file name.`;
  return new RequestError('conflicting_entity', message);
}
