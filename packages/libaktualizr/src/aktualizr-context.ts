// What Aktualizr is made from, and the context of its steps: the application's ports, and what stands in for those that it
// does not give. ARCHITECTURE 4.4.
import type { CodedError, JsonObject } from '@ota-connect/uptane';
import { NO_BOOTLOADER } from './adapters/bootloader/none.ts';
import { NO_SENTINEL } from './adapters/reboot/none.ts';
import type { CommandQueue } from './command-queue.ts';
import type { EventSink } from './events.ts';
import { ToldManifest } from './manifest/told-manifest.ts';
import type { Network } from './ports.ts';
import type { PollingSettings } from './polling/polling-settings.ts';
import { ReportQueue } from './reports/report-queue.ts';
import { SecondaryList } from './secondaries/secondary-list.ts';
import type { StepContext } from './steps/context.ts';
import { DeviceTime } from './time/device-time.ts';

/** What Aktualizr makes itself, or can do without. */
type Made =
  | 'reports'
  | 'told'
  | 'gate'
  | 'events'
  | 'time'
  | 'secondaries'
  | 'storedImages'
  | 'secondaryWaitMs'
  | 'bootloader'
  | 'sentinel'
  | 'graceMs';

export type AktualizrPorts = Omit<StepContext, Made> &
  Partial<
    Pick<
      StepContext,
      'secondaries' | 'storedImages' | 'secondaryWaitMs' | 'time' | 'bootloader' | 'sentinel' | 'graceMs'
    >
  > & {
    /** Idempotent: credentials and ECU registration, without network when nothing is missing. Throws ProvisioningError. */
    readonly provision: () => Promise<void>;
    readonly newId: () => string;
    /** The one that whoever made the other ports listens to. */
    readonly queue?: CommandQueue;
    readonly network?: Network;
    /** How `runForever` polls; every ten seconds, as the original, when absent. */
    readonly polling?: PollingSettings;
    /** uptane.force_install_completion: `runForever` ends when a reboot is due. */
    readonly endsForReboot?: boolean;
    /** Lets go of connections that nobody uses now. */
    readonly rest?: () => void;
    /** Lets go of the connection and the storage. */
    readonly close?: () => void;
  };

type Own = {
  readonly queue: CommandQueue;
  readonly events: EventSink;
  /** What was set at run time. */
  readonly hardwareInfo: () => JsonObject | undefined;
};

export function createContext(ports: AktualizrPorts, { queue, events, hardwareInfo }: Own): StepContext {
  const { gateway, clock, log, newId } = ports;
  const onFailure = (error: CodedError) => log('debug', `Events stay in the queue: ${error.message}`);
  const reports = new ReportQueue({ store: ports.storage.reports, gateway, clock, newId, onFailure });
  const { time: store, metadata } = ports.storage;
  const time = ports.time ?? new DeviceTime({ clock, store, director: metadata.director, gateway, log });
  return {
    secondaries: new SecondaryList(),
    storedImages: { all: () => [], open: () => undefined, remove: () => false, keepOnly: () => [] },
    secondaryWaitMs: 0,
    bootloader: NO_BOOTLOADER,
    sentinel: NO_SENTINEL,
    graceMs: 0,
    ...ports,
    deviceData: {
      ...ports.deviceData,
      hardwareInfo: async () => hardwareInfo() ?? ports.deviceData.hardwareInfo(),
    },
    reports,
    told: new ToldManifest(clock),
    time,
    gate: queue,
    events,
  };
}
