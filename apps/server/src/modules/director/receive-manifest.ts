// PUT /director/manifest: load what is known, verify, apply, save, state the facts; one transaction. Most manifests say
// nothing new: those are answered without writing. Source: server-protocol 4.5; Uptane Standard #director_repository
import {
  CodedError,
  canonicalBytes,
  installationReport,
  readSealedManifest,
  sha256Hex,
  type InstallationReport,
  type SealedManifest,
} from '@ota-connect/uptane';
import type { Context } from '../../platform/context.ts';
import { inTransaction, type Queryable, type Transaction } from '../../platform/db/database.ts';
import { flushed, oweFlush } from '../../platform/db/durability.ts';
import type { Device } from '../../platform/http/authenticate-device.ts';
import { RequestError } from '../../platform/http/problem.ts';
import { publish } from '../../platform/outbox/publish.ts';
import { applyManifest, type Applied, type UpdateEnd } from './apply-manifest.ts';
import { listAssignments } from './assignment-store.ts';
import { boundedAttacks, newAttacks, saveAttacks, type Attack } from './attack-store.ts';
import { changeState } from './change-state.ts';
import type { DeviceUpdateCanceled, DeviceUpdateCompleted, EcuImagesReported } from './events.ts';
import { saveInstallationReport } from './installation-report-store.ts';
import { promoteNext } from './promote-next.ts';
import { listEcus, markOutdated, setInstalled, type DeviceKey } from './store.ts';
import { verifyManifest, type RegisteredEcu } from './verify-manifest.ts';

type Judged = {
  readonly ecus: readonly RegisteredEcu[];
  readonly applied: Applied;
  readonly attacks: readonly Attack[];
  readonly missing: readonly string[];
  readonly installationReport: InstallationReport | undefined;
};

/** What a device reports of an installation may be long. */
const MAX_BYTES = 512 * 1024;
const MAX_BYTES_PER_ECU = 8 * 1024;
/** One line of the log for a manifest, whatever it says. */
const MAX_LOGGED = 5;

/** Throws RequestError: the codes of ManifestRefusal. */
export async function receiveManifest(ctx: Context, device: Device, body: Uint8Array): Promise<void> {
  const ecus = await listEcus(ctx.db, device);
  checkSize(body, ecus.length);
  const manifest = readManifest(body);
  const at = ctx.clock.now();
  const {
    applied,
    attacks,
    missing,
    installationReport: report,
  } = await judge(ctx.db, device, {
    ecus,
    manifest,
  });
  if (missing.length > 0) ctx.log.debug({ device: device.uuid, missing }, 'ECUs without a report');
  const news = await newAttacks(ctx.db, device, { attacks, at });
  if (news.length > 0) warnOf(ctx, device, news);
  const saysNothingNew =
    applied.changedImages.size === 0 && applied.transitions.length === 0 && news.length === 0;
  if (!saysNothingNew || report !== undefined) {
    await inTransaction(ctx.db, async (tx) => {
      const judged = await judge(tx, device, { ecus: await listEcus(tx, device), manifest });
      await save(ctx, tx, { key: device, ...judged });
      await saveAttacks(tx, device, { attacks: judged.attacks, at });
      await keepReport(ctx, tx, { key: device, report: judged.installationReport });
      oweFlush(ctx.db);
    });
  }
  // The device forgets its result, and the attacks it told of, once it has our answer.
  await flushed(ctx.db);
}

function warnOf(ctx: Context, device: Device, attacks: readonly Attack[]): void {
  const { uuid, deviceId } = device;
  const reports = attacks
    .slice(0, MAX_LOGGED)
    .map(({ ecuSerial, text }) => ({ ecu: ecuSerial, seen: text.slice(0, 500) }));
  ctx.log.warn({ device: uuid, deviceId, ecus: attacks.length, reports }, 'ECUs report an attack');
}

async function keepReport(
  ctx: Context,
  tx: Transaction,
  received: { readonly key: DeviceKey; readonly report: InstallationReport | undefined },
): Promise<void> {
  const { report } = received;
  if (report === undefined) return;
  const digest = sha256Hex(canonicalBytes(installationReport(report)));
  await saveInstallationReport(tx, received.key, { digest, report, at: ctx.clock.now() });
}

/** A vehicle of few ECUs has little to say; reading more costs everybody else's time. */
function checkSize(body: Uint8Array, ecus: number): void {
  if (body.byteLength <= MAX_BYTES + ecus * MAX_BYTES_PER_ECU) return;
  const text = `The manifest has ${body.byteLength} bytes, too many for ${ecus} registered ECUs.`;
  throw new RequestError('manifest_refused', text);
}

function readManifest(body: Uint8Array): SealedManifest {
  try {
    return readSealedManifest(body);
  } catch (cause) {
    if (!(cause instanceof CodedError)) throw cause;
    throw new RequestError('manifest_refused', cause.message, { cause });
  }
}

async function judge(
  db: Queryable,
  device: Device,
  { ecus, manifest }: { readonly ecus: readonly RegisteredEcu[]; readonly manifest: SealedManifest },
): Promise<Judged> {
  const key: DeviceKey = device;
  const ids = new Set([device.deviceId, device.uuid]);
  const verdict = verifyManifest({ ecus, ids }, manifest);
  if (verdict.kind === 'refused') throw new RequestError(verdict.code, verdict.reason);
  const running = await listAssignments(db, key, { states: ['assigned', 'in_flight'] });
  const correlationId = running[0]?.correlationId;
  const assignments = correlationId === undefined ? [] : await listAssignments(db, key, { correlationId });
  const images = new Map(
    ecus.flatMap((ecu) => (ecu.installed === undefined ? [] : [[ecu.serial, ecu.installed]])),
  );
  const { reported, attacks, missing } = verdict;
  const applied = applyManifest({ images, assignments }, reported);
  const { installationReport } = verdict.manifest;
  return { ecus, applied, attacks: boundedAttacks(attacks), missing, installationReport };
}

async function save(
  ctx: Context,
  tx: Transaction,
  change: Judged & { readonly key: DeviceKey },
): Promise<void> {
  const { key, ecus, applied } = change;
  const { environment, uuid: deviceUuid } = key;
  for (const [serial, image] of applied.changedImages) await setInstalled(tx, key, { serial, image });
  const unknown = new Set(ecus.filter((ecu) => ecu.installed === undefined).map((ecu) => ecu.serial));
  const ecuSerials = [...applied.changedImages.keys()].filter((serial) => unknown.has(serial));
  if (ecuSerials.length > 0) {
    const reported: EcuImagesReported = { type: 'EcuImagesReported', environment, deviceUuid, ecuSerials };
    await publish(tx, reported);
  }
  for (const transition of applied.transitions) await changeState(ctx, tx, { environment, ...transition });
  if (applied.transitions.length > 0) await markOutdated(tx, key, true);
  if (applied.ended === undefined) return;
  await publish(tx, factOf(key, applied.ended));
  await promoteNext(ctx, tx, key);
}

function factOf(key: DeviceKey, ended: UpdateEnd): DeviceUpdateCompleted | DeviceUpdateCanceled {
  const { environment, uuid: deviceUuid } = key;
  const { correlationId, result } = ended;
  if (ended.kind === 'other_image') {
    return { type: 'DeviceUpdateCanceled', environment, deviceUuid, correlationId, wasRunning: true };
  }
  const ecuResults = [...ended.ecuResults].map(([ecuSerial, one]) => ({ ecuSerial, result: one }));
  return { type: 'DeviceUpdateCompleted', environment, deviceUuid, correlationId, result, ecuResults };
}
