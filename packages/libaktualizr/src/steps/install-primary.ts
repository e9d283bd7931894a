// Installs the update on the Primary. What happened and that it must be reported are one transaction: a power cut leaves
// either the old version with nothing to report or the new one with exactly one report. client-protocol 6.6.
import { MetadataError, type VerifiedTarget } from '@ota-connect/uptane';
import { deviceResult } from '../manifest/device-result.ts';
import { InstallError } from '../errors.ts';
import type { InstallationResult, InstalledVersion } from '../ports.ts';
import type { Update } from '../update-cycle/states.ts';
import type { CycleEvent } from '../update-cycle/transitions.ts';
import { asCorrelationId, MAX_ATTEMPTS, MAX_STARTS, startKey, targetKey } from './attempts.ts';
import { confirmUpdate } from './confirm-update.ts';
import { hardwareIdOf, primaryOf, type StepContext } from './context.ts';
import { recordAttack } from './record-attack.ts';
import { saveResult } from './report-result.ts';

export async function installPrimary(context: StepContext): Promise<CycleEvent> {
  const confirmed = await confirmUpdate(context);
  if (confirmed.kind !== 'confirmed') return confirmed;
  const { update, targets } = confirmed;
  for (const target of targets) {
    const found = await context.packageManager.verify(target);
    if (found === 'tampered') recordAttack(context, tampered(), target.name);
    if (found !== 'verified') return { kind: 'ImageNotUsable', target: target.name, reason: found };
  }
  const primary = primaryOf(context).serial;
  const target = targets.find(({ ecus }) => ecus.has(primary));
  // Only the Primary is known to this version, and verification refuses targets for unknown ECUs.
  if (target === undefined) return { kind: 'UpdateWithdrawn' };
  begin(context, target, update);
  await context.reports.flush();
  const result = await runInstallation(context, target, update);
  const event = complete(context, target, { update, result });
  await context.reports.flush();
  return event;
}

function tampered(): MetadataError {
  return new MetadataError('TargetHashMismatch', 'The stored image is another one than was verified.');
}

function begin(context: StepContext, target: VerifiedTarget, { correlationId }: Update): void {
  const { storage, reports, events } = context;
  const ecu = primaryOf(context).serial;
  storage.transaction(() => {
    storage.installations.save(versionOf(context, target, correlationId), 'installing');
    reports.enqueue('EcuInstallationStarted', { correlationId, ecu });
    storage.cycle.countAttempt(startKey(target.hashes), asCorrelationId(correlationId));
  });
  events.emit({ kind: 'InstallStarted', ecu, target: target.name });
}

async function runInstallation(
  context: StepContext,
  target: VerifiedTarget,
  { correlationId }: Update,
): Promise<InstallationResult> {
  const starts = context.storage.cycle.attempts(startKey(target.hashes), asCorrelationId(correlationId));
  if (starts > MAX_STARTS) {
    return {
      success: false,
      code: 'INSTALL_FAILED',
      description: `The installation was interrupted ${MAX_STARTS} times.`,
    };
  }
  try {
    return await context.packageManager.install(target);
  } catch (error) {
    if (!(error instanceof InstallError)) throw error;
    return { success: false, code: 'INSTALL_FAILED', description: error.message };
  }
}

export type Installation = { readonly update: Update; readonly result: InstallationResult };

/** The end of an installation, also of one that a reboot completed: version, results and event, all or nothing. */
export function complete(
  context: StepContext,
  target: VerifiedTarget,
  { update, result }: Installation,
): CycleEvent {
  const { storage, reports, events } = context;
  const { correlationId } = update;
  const ecu = primaryOf(context).serial;
  const version = versionOf(context, target, correlationId);
  if (result.code === 'NEED_COMPLETION') {
    storage.transaction(() => {
      storage.installations.save(version, 'pending');
      storage.installations.saveEcuResult(ecu, result);
      reports.enqueue('EcuInstallationApplied', { correlationId, ecu });
    });
    return { kind: 'NeedsCompletion', bootId: context.bootId };
  }
  const device = deviceResult(
    new Map([[ecu, result]]),
    (serial) => hardwareIdOf(context, serial),
    correlationId,
  );
  storage.transaction(() => {
    if (result.success) storage.installations.save(version, 'current');
    else blockAfterFailure(context, target, correlationId);
    storage.installations.saveEcuResult(ecu, result);
    saveResult(context, device);
    reports.enqueue('EcuInstallationCompleted', { correlationId, ecu, success: result.success });
  });
  events.emit({ kind: 'InstallTargetComplete', ecu, success: result.success });
  return { kind: 'InstallationCompleted', result: device };
}

/** The server was told that it failed: under this correlation ID the version is not tried again. */
function blockAfterFailure(context: StepContext, target: VerifiedTarget, correlationId: string): void {
  const { cycle, installations } = context.storage;
  const key = targetKey(target.hashes);
  const id = asCorrelationId(correlationId);
  for (let count = cycle.attempts(key, id); count < MAX_ATTEMPTS;) count = cycle.countAttempt(key, id);
  // The row of the attempt keeps no flags: what runs is the version before.
  installations.save(versionOf(context, target, correlationId), 'installing');
}

/** The release counter is kept with the Director's own fields, wherever it was listed. */
function versionOf(context: StepContext, target: VerifiedTarget, correlationId: string): InstalledVersion {
  const { name, lengthBytes, custom, releaseCounter } = target;
  const customMeta = releaseCounter === undefined ? custom : { ...custom, releaseCounter };
  const hashes = hashesOf(context, target);
  return { ecuSerial: primaryOf(context).serial, name, lengthBytes, ...hashes, correlationId, customMeta };
}

/** After a reboot nothing is hashed again: then the installation log still has what was found. */
function hashesOf(
  { packageManager }: StepContext,
  target: VerifiedTarget,
): Pick<InstalledVersion, 'hashes' | 'ownSha256'> {
  const { hashes } = target;
  if (hashes.sha256 !== undefined) return { hashes };
  const sha256 = packageManager.found(target)?.sha256;
  return sha256 === undefined ? { hashes } : { hashes: { ...hashes, sha256 }, ownSha256: true };
}
