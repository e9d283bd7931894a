// The states of the update cycle, as they are persisted: plain JSON values, readable by a later version of the client.
// A state is saved before its command runs, so that a restart finds what was being done. ARCHITECTURE 4.8.
import {
  parseEcuSerial,
  parseHardwareId,
  parseTargetName,
  type EcuSerial,
  type HardwareId,
  type Hashes,
  type JsonObject,
  type VerifiedTarget,
} from '@ota-connect/uptane';

/** A verified target as the state keeps it: the ECU map as pairs, since a Map is no JSON value. */
export type StoredTarget = {
  readonly name: string;
  readonly lengthBytes: number;
  readonly hashes: Hashes;
  readonly ecus: readonly (readonly [serial: string, hardwareId: string])[];
  readonly uri?: string;
  readonly targetFormat?: 'OSTREE' | 'BINARY';
  readonly custom: JsonObject;
  readonly releaseCounter?: number;
};

/** What the Director wants of this vehicle. `correlationId` is empty when the Director names none. */
export type Update = {
  readonly correlationId: string;
  readonly targets: readonly StoredTarget[];
  /** Of an update that a lockbox has brought. */
  readonly medium?: Pick<MediumPlace, 'directory'> & { readonly lockbox: string };
};

/** Where a lockbox is looked for; `lockbox`: the only one that may be taken. */
export type MediumPlace = { readonly directory: string; readonly lockbox?: string };

/** An update that waits for a command. */
export type KnownUpdate = {
  readonly kind: 'UpdatesAvailable' | 'Downloaded';
  readonly update: Update;
};

/** What a new version has used up of the patience with it: boots that began, and milliseconds that it ran in them. */
export type Trial = { readonly boots: number; readonly ranMs: number };

/**
 * `before`: the update that was known when the check began.
 * `bootId`: the boot in which the installation was made, or in which `Probation` counts since `sinceMs` of its uptime;
 * another one means that the reboot has happened.
 * `waitsSinceMs`: when the installation was made, by the device's clock: nobody is waited for without an end.
 * `reason`: what the health check found, which the report will say.
 */
export type CycleState =
  | { readonly kind: 'Idle' }
  | { readonly kind: 'Checking'; readonly before?: KnownUpdate; readonly medium?: MediumPlace }
  | { readonly kind: 'UpdatesAvailable'; readonly update: Update }
  | { readonly kind: 'Downloading'; readonly update: Update }
  | { readonly kind: 'Downloaded'; readonly update: Update }
  | { readonly kind: 'Installing'; readonly update: Update }
  | {
      readonly kind: 'AwaitingReboot' | 'Finalizing';
      readonly update: Update;
      readonly bootId: string;
      readonly trial?: Trial;
      readonly waitsSinceMs?: number;
    }
  | {
      readonly kind: 'Probation';
      readonly update: Update;
      readonly bootId: string;
      readonly trial: Trial;
      readonly sinceMs: number;
    }
  | {
      readonly kind: 'RollingBack';
      readonly update: Update;
      readonly reason: string;
      readonly tries: number;
    }
  | {
      readonly kind: 'AwaitingRollback' | 'FinalizingRollback';
      readonly update: Update;
      readonly reason: string;
      readonly bootId: string;
    }
  | { readonly kind: 'Reporting' };

export type CycleStateKind = CycleState['kind'];

export const CYCLE_STATES = [
  'Idle',
  'Checking',
  'UpdatesAvailable',
  'Downloading',
  'Downloaded',
  'Installing',
  'AwaitingReboot',
  'Finalizing',
  'Probation',
  'RollingBack',
  'AwaitingRollback',
  'FinalizingRollback',
  'Reporting',
] as const satisfies readonly CycleStateKind[];

/** The state of a device that has never run a cycle. */
export const INITIAL_STATE: CycleState = { kind: 'Idle' };

export function storeTarget(target: VerifiedTarget): StoredTarget {
  return {
    name: target.name,
    lengthBytes: target.lengthBytes,
    hashes: target.hashes,
    ecus: [...target.ecus],
    custom: target.custom,
    ...(target.uri === undefined ? {} : { uri: target.uri }),
    ...(target.targetFormat === undefined ? {} : { targetFormat: target.targetFormat }),
    ...(target.releaseCounter === undefined ? {} : { releaseCounter: target.releaseCounter }),
  };
}

export function restoreTarget(stored: StoredTarget): VerifiedTarget {
  const ecus = new Map<EcuSerial, HardwareId>();
  for (const [serial, hardwareId] of stored.ecus)
    ecus.set(parseEcuSerial(serial), parseHardwareId(hardwareId));
  return { ...stored, name: parseTargetName(stored.name), ecus };
}
