// What a step may use: the ports, wired once by the application, and the few facts that do not change while it runs.
// Steps are functions of this context; they hold no state of their own.
import {
  CodedError,
  type EcuSerial,
  type InstalledTarget,
  type JsonObject,
  type MetadataSource,
  type Repository,
  type RepositoryMapping,
  type Signer,
  type Vehicle,
} from '@ota-connect/uptane';
import type { CommandGate } from '../command-queue.ts';
import type { EventSink } from '../events.ts';
import type {
  Bootloader,
  Clock,
  EcuIdentity,
  Gateway,
  Health,
  Hooks,
  InstalledVersion,
  Media,
  PackageManager,
  RebootSentinel,
  Storage,
  StoredImages,
  UpdateLock,
} from '../ports.ts';
import type { ToldManifest } from '../manifest/told-manifest.ts';
import { commonName } from '../provisioning/common-name.ts';
import type { ReportQueue } from '../reports/report-queue.ts';
import type { SecondaryList } from '../secondaries/secondary-list.ts';
import type { DeviceTime } from '../time/device-time.ts';

/** What the device tells about itself; undefined when there is nothing to tell or telling is switched off. */
export type DeviceDataSource = {
  hardwareInfo(): Promise<JsonObject | undefined>;
  networkInfo(): Promise<JsonObject | undefined>;
  configuration(): string | undefined;
};

export type Log = (level: 'debug' | 'info' | 'warning' | 'error', message: string) => void;

/** Of a device with a repository mapping: it replaces the Image repository. */
export type MappedSources = {
  readonly mapping: RepositoryMapping;
  /** By their names in the mapping, without the Director. */
  readonly sources: ReadonlyMap<string, MetadataSource>;
};

export type StepContext = {
  readonly storage: Storage;
  readonly gateway: Gateway;
  readonly directorSource: MetadataSource;
  readonly imageSource: MetadataSource;
  readonly mapped?: MappedSources;
  readonly packageManager: PackageManager;
  readonly bootloader: Bootloader;
  readonly sentinel: RebootSentinel;
  /** undefined: a version is good as soon as it runs. */
  readonly health?: Health;
  /** health.grace_sec */
  readonly graceMs: number;
  readonly hooks?: Hooks;
  readonly updateLock?: UpdateLock;
  /** undefined: updates come from servers alone. */
  readonly media?: Media;
  readonly secondaries: SecondaryList;
  readonly storedImages: StoredImages;
  /** network.parallel_downloads; one when absent. */
  readonly parallelDownloads?: number;
  /** pacman.keep_images; two when absent. */
  readonly keepImages?: number;
  /** uptane.secondary_preinstall_wait_sec */
  readonly secondaryWaitMs: number;
  readonly clock: Clock;
  readonly time: DeviceTime;
  readonly signer: () => Signer;
  readonly deviceData: DeviceDataSource;
  readonly reports: ReportQueue;
  /** What the Director was told last. */
  readonly told: ToldManifest;
  readonly gate: CommandGate;
  readonly events: EventSink;
  readonly log: Log;
  readonly bootId: string;
  readonly directorFullRoles: NonNullable<Vehicle['directorFullRoles']>;
  /** Absent: the first Root of a repository is taken from the server; `provisioned`: only one that was installed. */
  readonly firstRoot?: Repository['firstRoot'];
};

/** Registered ECUs with what each runs now, and the names that the Director may call this vehicle by. */
export function vehicleOf(context: StepContext): Vehicle {
  const { identity, installations } = context.storage;
  return {
    directorFullRoles: context.directorFullRoles,
    ids: vehicleIds(context),
    ecus: identity.ecus().map(({ serial, hardwareId }) => {
      const installed = installations.current(serial);
      const floor = counterFloor(installations.log(serial));
      return {
        serial,
        hardwareId,
        ...(floor === undefined ? {} : { releaseCounterFloor: floor }),
        ...(installed === undefined ? {} : { installed: installedImage(installed) }),
      };
    }),
  };
}

/** As the gateway knows this vehicle: by its certificate. A device id of its own choice may say otherwise. */
export function vehicleName({ storage: { identity, credentials } }: StepContext): string | undefined {
  const certificate = credentials.tls()?.certificate;
  return (certificate === undefined ? undefined : commonName(certificate)) ?? identity.deviceId();
}

function vehicleIds(context: StepContext): ReadonlySet<string> {
  const names = [context.storage.identity.deviceId(), vehicleName(context)];
  return new Set(names.filter((name) => name !== undefined));
}

/** The highest release counter of all that was ever installed there: a rollback does not lower it. */
function counterFloor(log: readonly InstalledVersion[]): number | undefined {
  const counters = log.flatMap(({ customMeta }) =>
    typeof customMeta.releaseCounter === 'number' ? [customMeta.releaseCounter] : [],
  );
  return counters.length === 0 ? undefined : Math.max(...counters);
}

function installedImage({ name, lengthBytes, hashes, customMeta }: InstalledVersion): InstalledTarget {
  const { releaseCounter } = customMeta;
  return { name, lengthBytes, hashes, ...(typeof releaseCounter === 'number' ? { releaseCounter } : {}) };
}

/** @throws CodedError `Bug` when called before the registration, which every verb ensures. */
export function primaryOf(context: StepContext): EcuIdentity {
  const primary = context.storage.identity.ecus().find((ecu) => ecu.isPrimary);
  if (primary === undefined)
    throw new CodedError('Bug', 'invariant_broken', 'The Primary is not registered.');
  return primary;
}

export function hardwareIdOf(context: StepContext, serial: EcuSerial): string {
  return context.storage.identity.ecus().find((ecu) => ecu.serial === serial)?.hardwareId ?? 'unknown';
}
