// How the installation on one ECU begins and ends in the storage: version, result and event, all or nothing; with the last
// ECU of an update the result of the device, in that same write, so that no power cut parts them.
// client-protocol 5.3, 5.4, 6.6.
import type { EcuSerial, VerifiedTarget } from '@ota-connect/uptane';
import { deviceResult } from '../manifest/device-result.ts';
import type { DeviceInstallationResult, InstallationResult, InstalledVersion } from '../ports.ts';
import type { Update } from '../update-cycle/states.ts';
import { asCorrelationId, MAX_ATTEMPTS, startKey, targetKey } from './attempts.ts';
import { hardwareIdOf, type StepContext } from './context.ts';
import { saveResult } from './report-result.ts';

/** An ECU and what it is to run. */
export type Assigned = { readonly ecu: EcuSerial; readonly target: VerifiedTarget };

/** One installation of an update: who has not ended yet. */
export class Installation {
  readonly update: Update;
  readonly #context: StepContext;
  readonly #open: Set<EcuSerial>;
  readonly #pending = new Set<EcuSerial>();
  #device: DeviceInstallationResult | undefined;
  #isOnTrial = false;

  constructor(context: StepContext, update: Update, ecus: Iterable<EcuSerial>) {
    this.#context = context;
    this.update = update;
    this.#open = new Set(ecus);
  }

  begin({ ecu, target }: Assigned): void {
    const { storage, reports, events } = this.#context;
    const { correlationId } = this.update;
    storage.transaction(() => {
      storage.installations.save(versionOf(this.#context, { ecu, target }, correlationId), 'installing');
      reports.enqueue('EcuInstallationStarted', { correlationId, ecu });
      storage.cycle.countAttempt(startKey(target.hashes), asCorrelationId(correlationId));
    });
    events.emit({ kind: 'InstallStarted', ecu, target: target.name });
  }

  /** Also of an ECU that a reboot completed. `stays`: the new version failed and runs all the same. */
  end({ ecu, target }: Assigned, result: InstallationResult, stays: boolean = false): void {
    const { storage, reports, events } = this.#context;
    const { correlationId } = this.update;
    const isPending = result.code === 'NEED_COMPLETION';
    const version = versionOf(this.#context, { ecu, target }, correlationId);
    storage.transaction(() => {
      if (!isPending && !result.success) blockAfterFailure(this.#context, { ecu, target }, correlationId);
      if (isPending || result.success || stays)
        storage.installations.save(version, isPending ? 'pending' : 'current');
      if (isPrimary(this.#context, ecu)) storage.reboot.setNeeded(isPending);
      storage.installations.saveEcuResult(ecu, result);
      if (isPending) reports.enqueue('EcuInstallationApplied', { correlationId, ecu });
      else reports.enqueue('EcuInstallationCompleted', { correlationId, ecu, success: result.success });
      this.#close(ecu, isPending);
    });
    if (!isPending) events.emit({ kind: 'InstallTargetComplete', ecu, success: result.success });
  }

  /**
   * Installed, and pending until the health check ends its probation. The flag without the file is what the original finds
   * after a reboot: it would complete the installation.
   */
  tryOut({ ecu, target }: Assigned): void {
    const { storage } = this.#context;
    storage.transaction(() => {
      storage.installations.save(
        versionOf(this.#context, { ecu, target }, this.update.correlationId),
        'pending',
      );
      storage.reboot.setNeeded(true);
    });
    this.#isOnTrial = true;
    this.wait(ecu);
  }

  /** Whether the Primary began a probation. */
  isOnTrial(): boolean {
    return this.#isOnTrial;
  }

  /** Ends the update for these ECUs, before any of them began: none is tried again under its correlation ID. */
  giveUp(
    failed: ReadonlyMap<EcuSerial, InstallationResult>,
    assigned: readonly Assigned[],
    { description, rawReport }: { readonly description: string; readonly rawReport: string },
  ): DeviceInstallationResult {
    const { storage } = this.#context;
    const { correlationId } = this.update;
    const listed = deviceResult(failed, (ecu) => hardwareIdOf(this.#context, ecu), correlationId);
    const device = { ...listed, description, rawReport };
    storage.transaction(() => {
      for (const one of assigned) blockAfterFailure(this.#context, one, correlationId);
      for (const [ecu, result] of failed) storage.installations.saveEcuResult(ecu, result);
      saveResult(this.#context, device);
    });
    this.#device = device;
    return device;
  }

  /** Those that were not begun and will not be: the result is made from the others. */
  leaveOut(ecus: Iterable<EcuSerial>): void {
    this.#context.storage.transaction(() => {
      for (const ecu of ecus) this.#close(ecu, false);
    });
  }

  /** Not done yet: it is asked again later. */
  wait(ecu: EcuSerial): void {
    this.#pending.add(ecu);
    this.#open.delete(ecu);
  }

  /** Once every ECU has ended. */
  result(): DeviceInstallationResult | undefined {
    return this.#device;
  }

  /** In the transaction of its caller. */
  #close(ecu: EcuSerial, isPending: boolean): void {
    if (isPending) this.#pending.add(ecu);
    else this.#pending.delete(ecu);
    if (!this.#open.delete(ecu) || this.#open.size > 0 || this.#pending.size > 0) return;
    const { correlationId } = this.update;
    const results = resultsUnder(this.#context, correlationId);
    this.#device = deviceResult(results, (one) => hardwareIdOf(this.#context, one), correlationId);
    saveResult(this.#context, this.#device);
  }
}

function isPrimary({ storage }: StepContext, ecu: EcuSerial): boolean {
  return storage.identity.ecus().some(({ serial, isPrimary: is }) => is && serial === ecu);
}

/** Of this update alone, also of those ECUs that ended before a power cut. */
function resultsUnder(
  { storage: { installations } }: StepContext,
  correlationId: string,
): ReadonlyMap<EcuSerial, InstallationResult> {
  return new Map(
    [...installations.results().ecus].filter(
      ([ecu, { success }]) => !success || installations.current(ecu)?.correlationId === correlationId,
    ),
  );
}

/** The server was told that it failed: under this correlation ID the version is not tried again. */
function blockAfterFailure(context: StepContext, { ecu, target }: Assigned, correlationId: string): void {
  const { cycle, installations } = context.storage;
  const key = targetKey(target.hashes);
  const id = asCorrelationId(correlationId);
  for (let count = cycle.attempts(key, id); count < MAX_ATTEMPTS;) count = cycle.countAttempt(key, id);
  // The row of the attempt keeps no flags: what runs is the version before.
  installations.save(versionOf(context, { ecu, target }, correlationId), 'installing');
}

/** The release counter is kept with the Director's own fields, wherever it was listed. */
function versionOf(context: StepContext, { ecu, target }: Assigned, correlationId: string): InstalledVersion {
  const { name, lengthBytes, custom, releaseCounter } = target;
  const customMeta = releaseCounter === undefined ? custom : { ...custom, releaseCounter };
  return { ecuSerial: ecu, name, lengthBytes, ...hashesOf(context, target), correlationId, customMeta };
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
