// The public verbs of the device library, in the original's words. Each runs alone (command-queue.ts), makes sure that
// the device is provisioned, asks the update cycle for what it needs and answers with an outcome. ARCHITECTURE 4.2;
// client-features 4.1, 1.2; client-protocol 6.
import type { Campaign, CampaignDecision } from '@ota-connect/contract/device';
import type { CodedError, JsonObject } from '@ota-connect/uptane';
import { CommandQueue } from './command-queue.ts';
import { InstallError, ProvisioningError, StorageError, TransportError } from './errors.ts';
import { EventSink, type EventListener } from './events.ts';
import type { InstalledVersion } from './ports.ts';
import { ReportQueue } from './reports/report-queue.ts';
import type {
  CampaignControlResult,
  CheckResult,
  CycleResult,
  DownloadResult,
  InstallResult,
  Pending,
} from './results.ts';
import { campaignControl } from './steps/campaign-control.ts';
import { checkCampaigns } from './steps/check-campaigns.ts';
import { checkUpdates, recheckUpdates } from './steps/check-updates.ts';
import { primaryOf, type StepContext } from './steps/context.ts';
import { downloadTargets } from './steps/download-targets.ts';
import { finalizeInstall } from './steps/finalize-install.ts';
import { flushReports } from './steps/flush-reports.ts';
import { installPrimary } from './steps/install-primary.ts';
import { reportResult } from './steps/report-result.ts';
import { sendDeviceData } from './steps/send-device-data.ts';
import { sendManifest } from './steps/send-manifest.ts';
import { DeviceTime } from './time/device-time.ts';
import { resume } from './update-cycle/resume.ts';
import { feed, type Commands, type Reached } from './update-cycle/run.ts';
import { INITIAL_STATE } from './update-cycle/states.ts';
import type { CycleEvent } from './update-cycle/transitions.ts';

export type AktualizrPorts = Omit<StepContext, 'reports' | 'gate' | 'events' | 'time'> & {
  /** Idempotent: credentials and ECU registration, without network when nothing is missing. Throws ProvisioningError. */
  readonly provision: () => Promise<void>;
  readonly newId: () => string;
  /** Lets go of the connection and the storage. */
  readonly close?: () => void;
};

export class Aktualizr {
  readonly #queue = new CommandQueue();
  readonly #events = new EventSink();
  readonly #context: StepContext;
  readonly #provision: () => Promise<void>;
  readonly #commands: Commands;
  readonly #close: () => void;

  constructor(ports: AktualizrPorts) {
    const { gateway, clock, log, newId } = ports;
    const onFailure = (error: CodedError) => log('debug', `Events stay in the queue: ${error.message}`);
    const reports = new ReportQueue({ store: ports.storage.reports, gateway, clock, newId, onFailure });
    const { time: store, metadata } = ports.storage;
    const time = new DeviceTime({ clock, store, director: metadata.director, gateway, log });
    const context: StepContext = { ...ports, reports, time, gate: this.#queue, events: this.#events };
    this.#context = context;
    this.#provision = ports.provision;
    this.#close = ports.close ?? (() => undefined);
    this.#commands = {
      check: (state) => checkUpdates(context, state),
      recheck: () => recheckUpdates(context),
      download: (_state, signal) => downloadTargets(context, signal),
      install: () => installPrimary(context),
      finalize: (state) => finalizeInstall(context, state),
      report: () => reportResult(context),
    };
  }

  /** Before any other verb: notes what a restart interrupted and finalises an installation that waited for it. */
  initialize(): Promise<void> {
    return this.#queue.run(async (signal) => {
      const { bootId, log, storage } = this.#context;
      if (storage.cycle.isUnreadable()) {
        log('warning', 'The stored state of the update cycle cannot be read; the cycle begins anew.');
        storage.cycle.save(INITIAL_STATE);
      }
      await resume(storage.cycle, this.#commands, bootId, signal);
    });
  }

  subscribe(listener: EventListener): () => void {
    return this.#events.subscribe(listener);
  }

  /** @throws TransportError, ProvisioningError */
  campaignCheck(): Promise<readonly Campaign[]> {
    return this.#provisioned(() => checkCampaigns(this.#context));
  }

  campaignControl(campaignId: string, decision: CampaignDecision): Promise<CampaignControlResult> {
    return this.#provisioned(() => campaignControl(this.#context, campaignId, decision));
  }

  /** Answers whether the server has everything. */
  sendDeviceData(): Promise<boolean> {
    return this.#provisioned(() => sendDeviceData(this.#context));
  }

  checkUpdates(): Promise<CheckResult> {
    return this.#provisioned((signal) => this.#check(signal));
  }

  /** Of what the last check found. */
  download(): Promise<DownloadResult> {
    return this.#provisioned((signal) => this.#download(signal));
  }

  /** Of what was downloaded, with no network: stored metadata that still hold are enough. */
  install(): Promise<InstallResult> {
    return this.#queue.run((signal) => this.#install(signal));
  }

  sendManifest(custom?: JsonObject): Promise<void> {
    return this.#provisioned(() => sendManifest(this.#context, custom));
  }

  /** Check, download, install and report, as one command. */
  uptaneCycle(): Promise<CycleResult> {
    return this.#provisioned((signal) => this.#cycle(signal));
  }

  /** Sends what is queued; answers whether nothing is left. */
  flushReports(): Promise<'empty' | 'kept'> {
    return this.#queue.run(() => flushReports(this.#context));
  }

  pause(): 'paused' | 'already_paused' {
    const outcome = this.#queue.pause();
    if (outcome === 'paused') this.#tellPause('DevicePaused');
    return outcome;
  }

  resume(): 'resumed' | 'already_running' {
    const outcome = this.#queue.resume();
    if (outcome === 'resumed') this.#tellPause('DeviceResumed');
    return outcome;
  }

  /** Ends the running verb, which rejects with AbortedError, and drops the waiting ones. */
  abort(): void {
    this.#queue.abort();
  }

  /** Ends the running verb and lets go of the connection and the storage: no verb may follow. */
  close(): void {
    this.#queue.abort();
    this.#close();
  }

  /** Of the Primary: only what was really installed, oldest first. */
  installationLog(): readonly InstalledVersion[] {
    return this.#context.storage.installations.log(primaryOf(this.#context).serial);
  }

  #provisioned<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return this.#queue.run(async (signal) => {
      await this.#provision();
      return work(signal);
    });
  }

  #feed(event: CycleEvent, signal: AbortSignal): Promise<Reached> {
    return feed(this.#context.storage.cycle, this.#commands, event, signal);
  }

  #pending(): Pending | undefined {
    const state = this.#context.storage.cycle.load();
    return state.kind === 'AwaitingReboot' ? { kind: 'pending', update: state.update } : undefined;
  }

  async #check(signal: AbortSignal): Promise<CheckResult> {
    const result = this.#pending() ?? (await this.#verdict('CheckRequested', signal));
    if (result.kind === 'refused') await this.#report(signal);
    return result;
  }

  async #verdict(kind: 'CheckRequested' | 'RecheckRequested', signal: AbortSignal): Promise<CheckResult> {
    const { last } = await this.#feed({ kind }, signal);
    if (last.kind === 'TargetsFound') return { kind: 'updates', update: last.update };
    if (last.kind === 'TargetsBlocked') return { kind: 'blocked', update: last.update };
    const isRefusal =
      last.kind === 'MetadataRefused' ||
      last.kind === 'MetadataRefusedAgain' ||
      last.kind === 'RefusedUpdateStands';
    return isRefusal ? { kind: 'refused', error: last.error } : { kind: 'nothing_new' };
  }

  async #download(signal: AbortSignal): Promise<DownloadResult> {
    const state = this.#context.storage.cycle.load();
    if (state.kind === 'AwaitingReboot') return { kind: 'pending', update: state.update };
    if (state.kind !== 'UpdatesAvailable' && state.kind !== 'Downloaded') return { kind: 'nothing_to_do' };
    try {
      const { last } = await this.#feed({ kind: 'DownloadRequested' }, signal);
      if (last.kind === 'AllTargetsFetched') return { kind: 'downloaded', update: state.update };
      if (last.kind === 'MetadataRefused') return { kind: 'refused', error: last.error };
      if (last.kind === 'DownloadFailed') return { kind: 'failed', error: last.error, reported: true };
      return { kind: 'nothing_to_do' };
    } catch (error) {
      if (isTransferError(error)) return { kind: 'failed', error, reported: false };
      throw error;
    }
  }

  async #install(signal: AbortSignal): Promise<InstallResult> {
    const pending = this.#pending();
    if (pending !== undefined) return pending;
    if (this.#context.storage.identity.ecus().length === 0) {
      throw new ProvisioningError(
        'not_provisioned',
        'This device was never registered: there is nothing to install.',
      );
    }
    const { kind } = this.#context.storage.cycle.load();
    if (kind !== 'UpdatesAvailable' && kind !== 'Downloaded') {
      const verdict = await this.#verdict('RecheckRequested', signal);
      if (verdict.kind === 'refused') return verdict;
      if (verdict.kind !== 'updates') return { kind: 'nothing_to_do' };
    }
    return this.#installKnown(signal);
  }

  async #installKnown(signal: AbortSignal): Promise<InstallResult> {
    const state = this.#context.storage.cycle.load();
    if (state.kind !== 'UpdatesAvailable' && state.kind !== 'Downloaded') return { kind: 'nothing_to_do' };
    const { update } = state;
    const { last } = await this.#feed({ kind: 'InstallRequested' }, signal);
    if (last.kind === 'InstallationCompleted') {
      return { kind: last.result.success ? 'installed' : 'failed', update, result: last.result };
    }
    if (last.kind === 'NeedsCompletion') return { kind: 'needs_completion', update };
    if (last.kind === 'ImageNotUsable') {
      return { kind: 'image_not_usable', target: last.target, reason: last.reason };
    }
    if (last.kind === 'MetadataRefused') return { kind: 'refused', error: last.error };
    return { kind: 'nothing_to_do' };
  }

  async #cycle(signal: AbortSignal): Promise<CycleResult> {
    const check = await this.#check(signal);
    if (check.kind !== 'updates') return { check, reported: !this.#hasResult() };
    const download = await this.#download(signal);
    if (download.kind !== 'downloaded') return { check, download, reported: await this.#report(signal) };
    const install = await this.#installKnown(signal);
    return { check, download, install, reported: await this.#report(signal) };
  }

  /** Sends a result that waits; answers whether none is left. */
  async #report(signal: AbortSignal): Promise<boolean> {
    const { kind } = this.#context.storage.cycle.load();
    if (kind === 'Reporting') await this.#feed({ kind: 'ReportRequested' }, signal);
    // A refusal beside an update that stands.
    else if (this.#hasResult()) await reportResult(this.#context);
    return !this.#hasResult();
  }

  #hasResult(): boolean {
    return this.#context.storage.installations.results().device !== undefined;
  }

  #tellPause(id: 'DevicePaused' | 'DeviceResumed'): void {
    const state = this.#context.storage.cycle.load();
    this.#context.reports.enqueue(id, 'update' in state ? { correlationId: state.update.correlationId } : {});
  }
}

function isTransferError(error: unknown): error is CodedError {
  return (
    error instanceof TransportError ||
    error instanceof InstallError ||
    (error instanceof StorageError && error.code === 'io')
  );
}
