// What a step may use: the ports, wired once by the application, and the few facts that do not change while it runs.
// Steps are functions of this context; they hold no state of their own.
import {
  type EcuSerial,
  type InstalledTarget,
  type MetadataSource,
  type Signer,
  type Vehicle,
} from '@ota-connect/uptane';
import type { JsonObject } from '@ota-connect/uptane';
import { CodedError } from '@ota-connect/uptane';
import type { CommandGate } from '../command-queue.ts';
import type { EventSink } from '../events.ts';
import type { Clock, EcuIdentity, Gateway, InstalledVersion, PackageManager, Storage } from '../ports.ts';
import type { ReportQueue } from '../reports/report-queue.ts';
import type { DeviceTime } from '../time/device-time.ts';

/** What the device tells about itself; undefined when there is nothing to tell or telling is switched off. */
export type DeviceDataSource = {
  hardwareInfo(): Promise<{ readonly body: JsonObject; readonly isCustom: boolean } | undefined>;
  networkInfo(): Promise<JsonObject | undefined>;
  configuration(): string | undefined;
};

export type Log = (level: 'debug' | 'info' | 'warning' | 'error', message: string) => void;

export type StepContext = {
  readonly storage: Storage;
  readonly gateway: Gateway;
  readonly directorSource: MetadataSource;
  readonly imageSource: MetadataSource;
  readonly packageManager: PackageManager;
  readonly clock: Clock;
  readonly time: DeviceTime;
  readonly signer: () => Signer;
  readonly deviceData: DeviceDataSource;
  readonly reports: ReportQueue;
  readonly gate: CommandGate;
  readonly events: EventSink;
  readonly log: Log;
  readonly bootId: string;
  readonly directorFullRoles: NonNullable<Vehicle['directorFullRoles']>;
};

/** Registered ECUs with what each runs now. */
export function vehicleOf(context: StepContext): Vehicle {
  const { identity, installations } = context.storage;
  return {
    directorFullRoles: context.directorFullRoles,
    ecus: identity.ecus().map(({ serial, hardwareId }) => {
      const installed = installations.current(serial);
      return {
        serial,
        hardwareId,
        ...(installed === undefined
          ? {}
          : { installed: installedImage(installed, installations.log(serial)) }),
      };
    }),
  };
}

/** With the highest release counter of all that was ever installed there: a rollback does not lower the floor. */
function installedImage(installed: InstalledVersion, log: readonly InstalledVersion[]): InstalledTarget {
  const { name, lengthBytes, hashes } = installed;
  const counters = log.flatMap(({ customMeta }) =>
    typeof customMeta.releaseCounter === 'number' ? [customMeta.releaseCounter] : [],
  );
  return {
    name,
    lengthBytes,
    hashes,
    ...(counters.length === 0 ? {} : { releaseCounter: Math.max(...counters) }),
  };
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
