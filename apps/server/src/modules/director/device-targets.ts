// What the Director's Targets say to one device: per file name the ECUs that still need that file, and the correlation id
// of the one update that runs; and always which vehicle they are for, since an empty list would fit every other one too.
// An ECU that has the image already is left out, since an entry that names it again together with others would not be the
// one it was installed with (trap 29).
// Source: server-protocol 4.6, 2.3 rules 9 and 10; client-protocol 14 trap 29; Uptane Standard #targets_images_meta
import type { JsonObject } from '@ota-connect/uptane';
import { isRunning, type Assignment } from './assignment.ts';

export type DeviceTarget = {
  readonly name: string;
  readonly lengthBytes: number;
  /** The one hash that the Image repository lists, so that a device hashes each image once. */
  readonly hashes: { readonly sha256: string };
  readonly custom: JsonObject;
};

export type DeviceTargets =
  | { readonly kind: 'targets'; readonly targets: readonly DeviceTarget[]; readonly custom: JsonObject }
  | { readonly kind: 'contradiction'; readonly reason: string };

/** A contradiction is a Bug of the caller: two updates at once, or one file name with two contents. */
export function deviceTargets(vehicleId: string, assignments: readonly Assignment[]): DeviceTargets {
  const running = assignments.filter((assignment) => isRunning(assignment.state));
  const correlationIds = new Set(running.map((assignment) => assignment.correlationId));
  if (correlationIds.size > 1) return { kind: 'contradiction', reason: 'two updates run on one device' };
  const byName = Map.groupBy(running, (assignment) => assignment.target.filename);
  const targets: DeviceTarget[] = [];
  for (const [name, group] of byName) {
    const [first] = group;
    if (first === undefined) continue;
    if (group.some((assignment) => assignment.target.sha256 !== first.target.sha256)) {
      return { kind: 'contradiction', reason: `two contents of ${name}` };
    }
    targets.push(targetOf(first, group));
  }
  const [correlationId] = correlationIds;
  const custom = { vehicleId, ...(correlationId === undefined ? {} : { correlationId }) };
  return { kind: 'targets', targets, custom };
}

function targetOf(first: Assignment, group: readonly Assignment[]): DeviceTarget {
  const { target } = first;
  const ecuIdentifiers = Object.fromEntries(
    group.map((assignment) => [assignment.ecuSerial, { hardwareId: assignment.hardwareId }]),
  );
  return {
    name: target.filename,
    lengthBytes: target.lengthBytes,
    hashes: { sha256: target.sha256 },
    custom: {
      ecuIdentifiers,
      ...(target.uri === undefined ? {} : { uri: target.uri }),
      ...(target.releaseCounter === undefined ? {} : { releaseCounter: target.releaseCounter }),
    },
  };
}
