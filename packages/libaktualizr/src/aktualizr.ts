// The public verbs of the device library, in the original's words. Each runs alone (command-queue.ts), makes sure that
// the device is provisioned, asks the update cycle for what it needs and answers with an outcome. ARCHITECTURE 4.2;
// client-features 4.1, 1.2; client-protocol 6.
import type { Campaign, CampaignDecision } from '@ota-connect/contract/device';
import type { EcuSerial, JsonObject } from '@ota-connect/uptane';
import { createContext, type AktualizrPorts } from './aktualizr-context.ts';
import { AbortedError, CommandQueue, type VerbOptions } from './command-queue.ts';
import { SecondaryError } from './errors.ts';
import { AS_ORIGINAL, type PollingSettings } from './polling/polling-settings.ts';
import { EventSink } from './events.ts';
import type { AktualizrEvent, EventKind, EventListener, EventOf } from './events.ts';
import type { EcuIdentity, InstalledVersion, Network, Secondary, StoredImage } from './ports.ts';
import type { LoopEnd, LoopOptions } from './run-forever.ts';
import type {
  CampaignControlResult,
  CheckResult,
  CompletionResult,
  CycleResult,
  DownloadResult,
  InstallResult,
  OfflineCheckResult,
  OfflineCycleResult,
} from './results.ts';
import { describeSecondaries, type SecondaryInfo } from './secondaries/secondary-info.ts';
import { campaignControl } from './steps/campaign-control.ts';
import { checkCampaigns } from './steps/check-campaigns.ts';
import { createCommands } from './steps/commands.ts';
import { primaryOf, type StepContext } from './steps/context.ts';
import { flushReports } from './steps/flush-reports.ts';
import { removeOldImages } from './steps/remove-old-images.ts';
import { sendDeviceData } from './steps/send-device-data.ts';
import { sendManifest } from './steps/send-manifest.ts';
import type { Commands } from './update-cycle/run.ts';
import type { CycleState, MediumPlace } from './update-cycle/states.ts';
import { completeInstallation } from './verbs/complete-installation.ts';
import { isRebootDue, settle } from './verbs/settle.ts';
import { startUp } from './verbs/start-up.ts';
import { createUpdateVerbs, type UpdateVerbs } from './verbs/update-verbs.ts';

export type DeviceStatus = {
  readonly state: CycleState;
  /** A verb is running. */
  readonly isBusy: boolean;
  readonly isPaused: boolean;
  /** Undefined before the first start. */
  readonly deviceId: string | undefined;
  /** On the Primary, as far as anything was installed. */
  readonly installed: InstalledVersion | undefined;
};

export type CycleOptions = VerbOptions & {
  /** For a daemon that polls: a manifest that says nothing new is left out while the last one is younger. 0: never. */
  readonly manifestMaxAgeMs?: number;
};

export type OfflineOptions = VerbOptions & {
  /** The name of a lockbox, also of one that was applied before; absent: the best of those that are new. */
  readonly lockbox?: string;
};

/** Of `runForever`; what is left out is as the configuration says. */
export type RunOptions = VerbOptions & Partial<Omit<LoopOptions, 'signal'>>;

/**
 * A device client. Make it with `createAktualizr`. Verbs run one after the other in the order of the calls; each takes a
 * signal that ends it alone. An outcome is answered; a broken promise is thrown as CodedError: TransportError (the server
 * is out of reach or refuses), ProvisioningError (no identity that the server takes), StorageError (disk or database).
 * A verb that was ended rejects with AbortedError, or with the reason of the signal that ended it.
 */
export class Aktualizr {
  readonly #queue: CommandQueue;
  readonly #events = new EventSink();
  readonly #context: StepContext;
  readonly #provision: () => Promise<void>;
  readonly #commands: Commands;
  readonly #update: UpdateVerbs;
  readonly #close: () => void;
  readonly #rest: () => void;
  readonly #network: Network | undefined;
  readonly #loop: { readonly polling: PollingSettings; readonly endsForReboot: boolean };
  #hardwareInfo: JsonObject | undefined;
  #isInitialized = false;
  #giveWay = new AbortController();
  #waitingMedia = 0;

  constructor(ports: AktualizrPorts) {
    this.#queue = ports.queue ?? new CommandQueue();
    this.#provision = ports.provision;
    this.#close = ports.close ?? (() => undefined);
    this.#rest = ports.rest ?? (() => undefined);
    this.#network = ports.network;
    this.#loop = { polling: ports.polling ?? AS_ORIGINAL, endsForReboot: ports.endsForReboot ?? false };
    const hardwareInfo = () => this.#hardwareInfo;
    const context = createContext(ports, { queue: this.#queue, events: this.#events, hardwareInfo });
    this.#context = context;
    this.#commands = createCommands(context);
    this.#update = createUpdateVerbs(context, this.#commands);
  }

  /** Before any other verb: notes what a restart interrupted and finalises an installation that waited for it. */
  initialize(options: VerbOptions = {}): Promise<void> {
    this.#isInitialized = true;
    return this.#queue.run((signal) => startUp(this.#context, this.#commands, signal), options);
  }

  /** Calls `listener` with every event, from within the verb that causes it. Returns how to end that. */
  subscribe(listener: EventListener): () => void {
    return this.#events.subscribe(listener);
  }

  /** The same, of one kind of event. */
  on<K extends EventKind>(kind: K, listener: (event: EventOf<K>) => void): () => void {
    return this.#events.subscribe((event) => {
      if (event.kind === kind) listener(event as EventOf<K>);
    });
  }

  /** Every event from the first `next` on, for `for await`; ends when the signal aborts. */
  events({ signal }: VerbOptions = {}): AsyncIterableIterator<AktualizrEvent> {
    return this.#events.iterate(signal);
  }

  /** Credentials and registration of the ECUs, which every verb that asks the server makes sure of. @throws TransportError, ProvisioningError */
  attemptProvision(options: VerbOptions = {}): Promise<void> {
    return this.#provisioned(async () => undefined, options);
  }

  /** The campaigns that wait for this device's consent. @throws TransportError, ProvisioningError */
  campaignCheck(options: VerbOptions = {}): Promise<readonly Campaign[]> {
    return this.#provisioned(() => checkCampaigns(this.#context), options);
  }

  /** Accepts, declines or postpones a campaign; the server decides what to publish then. @throws TransportError, ProvisioningError */
  campaignControl(
    campaignId: string,
    decision: CampaignDecision,
    options: VerbOptions = {},
  ): Promise<CampaignControlResult> {
    return this.#provisioned(() => campaignControl(this.#context, campaignId, decision), options);
  }

  /** Hardware, packages, network and configuration, each when it changed. Answers whether the server has everything. */
  sendDeviceData(options: VerbOptions = {}): Promise<boolean> {
    return this.#provisioned(() => sendDeviceData(this.#context), options);
  }

  /** What is sent as hardware information from now on; `undefined`: what the system tells. */
  setCustomHardwareInfo(info: JsonObject | undefined): void {
    this.#hardwareInfo = info;
  }

  /** Sends the manifest and asks both repositories what is to be installed; installs nothing. */
  checkUpdates(options: VerbOptions = {}): Promise<CheckResult> {
    return this.#provisioned(this.#update.check, options);
  }

  /** Brings what the last check found to the device, by as many calls as it takes. */
  download(options: VerbOptions = {}): Promise<DownloadResult> {
    return this.#provisioned(this.#update.download, options);
  }

  /** Of what was downloaded, with no network: stored metadata that still hold are enough. */
  install(options: VerbOptions = {}): Promise<InstallResult> {
    return this.#queue.run(this.#update.install, options);
  }

  /** Tells the server what is installed and how the last installation ended. `custom`: any JSON of the application's. */
  sendManifest(custom?: JsonObject, options: VerbOptions = {}): Promise<void> {
    return this.#provisioned(() => sendManifest(this.#context, custom), options);
  }

  /**
   * Removes images that are neither installed nor wanted, those of the last `pacman.keep_images` installations of each ECU
   * excepted; answers how many. A daemon calls it when nothing is under way.
   */
  removeOldImages(options: VerbOptions = {}): Promise<number> {
    return this.#queue.run(async () => removeOldImages(this.#context), options);
  }

  /** `http://HOST:PORT`, for connections from now on; undefined: the configured one again. @throws ConfigError */
  useProxy(url: string | undefined, user?: string, password?: string): void {
    const secret = {
      ...(user === undefined ? {} : { user }),
      ...(password === undefined ? {} : { password }),
    };
    this.#network?.useProxy(url === undefined ? undefined : { url, ...secret });
  }

  /** Bytes a second that all transfers of images may take together, from now on; 0: no limit. */
  setDownloadBandwidth(bytesPerSecond: number): void {
    this.#network?.setDownloadBandwidth(bytesPerSecond);
  }

  /** Check, download, install and report, as one command. Gives way to a medium that is inserted meanwhile. */
  uptaneCycle({ manifestMaxAgeMs = 0, ...options }: CycleOptions = {}): Promise<CycleResult> {
    const cycle = (signal: AbortSignal) =>
      this.#context.told.whilePolling(manifestMaxAgeMs, () =>
        this.#update.cycle(signal, this.#giveWay.signal),
      );
    return this.#provisioned(cycle, options);
  }

  /**
   * Looks for a lockbox below a folder, where a medium is; `lockbox` names the only one that may be taken. `download` and
   * `install` go on from there, without the network. @throws ProvisioningError, ConfigError; TransportError when the medium
   * cannot be read
   */
  checkUpdatesOffline(directory: string, options: OfflineOptions = {}): Promise<OfflineCheckResult> {
    const place = placeOf(directory, options);
    return this.#first((signal) => this.#update.checkOffline(signal, place), options);
  }

  /** Looks for a lockbox, copies its images and installs them, as one command; the next manifest brings the report. */
  uptaneCycleOffline(directory: string, options: OfflineOptions = {}): Promise<OfflineCycleResult> {
    const place = placeOf(directory, options);
    return this.#first((signal) => this.#update.cycleOffline(signal, place), options);
  }

  /** Ends a running cycle between its stages, and its transfers at once: they go on later where they were. */
  async #first<T>(work: (signal: AbortSignal) => Promise<T>, options: VerbOptions): Promise<T> {
    this.#waitingMedia += 1;
    this.#giveWay.abort(new AbortedError());
    try {
      return await this.#queue.run(work, options);
    } finally {
      this.#waitingMedia -= 1;
      if (this.#waitingMedia === 0) this.#giveWay = new AbortController();
    }
  }

  /**
   * The daemon: device data once, then a cycle after each pause, whatever goes wrong in one. Resolves when the signal aborts
   * (`stopped`), when the control ends it (`ended`), or when `reboot_needed` and the configuration wants it to end then.
   * `onError` hears what a cycle threw; the log does when it is absent.
   */
  async runForever({ signal, ...options }: RunOptions = {}): Promise<LoopEnd> {
    const { runForever } = await import('./run-forever.ts');
    const { clock, log } = this.#context;
    return runForever(this, {
      clock,
      polling: () => this.#loop.polling,
      endWhenRebootNeeded: () => this.#loop.endsForReboot,
      onCycle: () => undefined,
      onError: (error) => log('error', error instanceof Error ? error.message : String(error)),
      ...options,
      signal: signal ?? new AbortController().signal,
    });
  }

  /**
   * Ends what an installation has left to do on the device itself: what a reboot completed is finalised, a version on
   * probation is judged until it is good or gone. Needs no network, and comes before whatever does: a version without one
   * has to go too. `nothing_to_do` when nothing was left.
   */
  settleInstallation(options: VerbOptions = {}): Promise<InstallResult> {
    return this.#queue.run(async (signal) => {
      const { ended, waits } = await settle(this.#context, this.#commands, { signal, looks: 'until_judged' });
      return waits ?? ended ?? { kind: 'nothing_to_do' };
    }, options);
  }

  /** Whether an installation, or the way back from one, waits for a reboot of this Primary. */
  needsReboot(): boolean {
    return isRebootDue(this.#context);
  }

  /** Reboots by bootloader.reboot_command, if an installation waits for that and nobody holds it back. */
  completeInstallation(options: VerbOptions = {}): Promise<CompletionResult> {
    return this.#queue.run((signal) => completeInstallation(this.#context, signal), options);
  }

  /** Sends what is queued; answers whether nothing is left. */
  flushReports(options: VerbOptions = {}): Promise<'empty' | 'kept'> {
    return this.#queue.run(() => flushReports(this.#context), options);
  }

  /** Holds back the next verb and interrupts a running transfer, which goes on where it was. Told to the server. */
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

  /** Before a long pause: closes the connection, which the next verb makes again, and keeps what makes that cheap. */
  rest(): void {
    if (this.#queue.runningSignal() === undefined) this.#rest();
  }

  /** Ends the running verb and lets go of the connection and the storage: no verb may follow. */
  close(): void {
    this.#queue.abort();
    this.#close();
  }

  /** What the device is and does at this moment; asks nobody. */
  status(): DeviceStatus {
    const { cycle, identity, installations } = this.#context.storage;
    const primary = identity.ecus().find((ecu) => ecu.isPrimary);
    return {
      state: cycle.load(),
      isBusy: this.#queue.runningSignal() !== undefined,
      isPaused: this.#queue.pausedSignal().aborted,
      deviceId: identity.deviceId(),
      installed: primary === undefined ? undefined : installations.current(primary.serial),
    };
  }

  /** What was really installed on an ECU, oldest first; of the Primary when none is named. */
  installationLog(ecu: EcuSerial = primaryOf(this.#context).serial): readonly InstalledVersion[] {
    return this.#context.storage.installations.log(ecu);
  }

  /** The registered ECUs, the Primary first; empty before the first contact with the server. */
  ecus(): readonly EcuIdentity[] {
    return this.#context.storage.identity.ecus();
  }

  /** Replaces the `raw_report` of the result that waits for its upload; false when none waits. */
  setInstallationRawReport(rawReport: string): boolean {
    const { installations } = this.#context.storage;
    const { device } = installations.results();
    if (device === undefined) return false;
    installations.saveDeviceResult({ ...device, rawReport });
    return true;
  }

  /** The images that lie on the device, by the names of their targets, whole or not. */
  storedTargets(): readonly StoredImage[] {
    return this.#context.storedImages.all();
  }

  /** The bytes of a stored image from `offset` on; undefined when there is none. The stream throws StorageError. */
  openStoredTarget(name: string, offset?: number): AsyncIterable<Uint8Array> | undefined {
    return this.#context.storedImages.open(name, offset);
  }

  /** Whether there was one. */
  deleteStoredTarget(name: string): boolean {
    return this.#context.storedImages.remove(name);
  }

  /** Before `initialize`. @throws SecondaryError `duplicate_serial`, or `too_late` after it */
  addSecondary(secondary: Secondary): void {
    if (this.#isInitialized) {
      throw new SecondaryError('too_late', 'A Secondary can be added before `initialize` alone.');
    }
    this.#context.secondaries.add(secondary);
  }

  /** The plugged-in Secondaries and those that the storage knows besides. */
  secondaries(): readonly SecondaryInfo[] {
    return describeSecondaries(this.#context);
  }

  /** Keeps a driver's own text (an address, say) with its Secondary. */
  setSecondaryData(serial: EcuSerial, data: string): void {
    this.#context.storage.secondaries.saveData(serial, data);
  }

  #provisioned<T>(work: (signal: AbortSignal) => Promise<T>, options: VerbOptions): Promise<T> {
    return this.#queue.run(async (signal) => {
      await this.#provision();
      return work(signal);
    }, options);
  }

  #tellPause(id: 'DevicePaused' | 'DeviceResumed'): void {
    const state = this.#context.storage.cycle.load();
    this.#context.reports.enqueue(id, 'update' in state ? { correlationId: state.update.correlationId } : {});
  }
}

function placeOf(directory: string, { lockbox }: OfflineOptions): MediumPlace {
  return lockbox === undefined ? { directory } : { directory, lockbox };
}
