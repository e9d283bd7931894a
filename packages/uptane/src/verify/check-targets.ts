// Targets, top-level or delegated: the one that Snapshot lists, where there is a Snapshot; signed, not older than the
// last one, not expired. And what the Director's may not do: delegate, name an ECU twice, name one that is not here.
// Source: Uptane Standard #check_targets
import { MetadataError } from '../errors.ts';
import { parseEnvelope, refusingMalformed, type DocumentOrigin } from '../metadata/envelope.ts';
import { roleTitle } from '../metadata/filename.ts';
import type { RoleListing } from '../metadata/snapshot.ts';
import { parseTargets, readEcuIdentifiers, type Targets } from '../metadata/targets.ts';
import { checkSignatures, type Authority } from './check-signatures.ts';
import { originOf } from './origin.ts';
import { checkExpiry, checkNotOlder, isListed, type Trust } from './trusted-metadata.ts';
import type { VehicleEcu } from './verdict.ts';

export type TargetsExpectation = {
  readonly role: 'targets' | { readonly delegation: string };
  readonly authority: Authority;
  /** What Snapshot says; absent with a Director that serves none. */
  readonly listing?: RoleListing;
  /** The version below which it is a rollback. Under a Snapshot its own history is the guard. */
  readonly floor?: number;
};

/** @throws MetadataError */
export function checkTargets(received: Uint8Array, trust: Trust, expected: TargetsExpectation): Targets {
  const { role, listing } = expected;
  const origin: DocumentOrigin = { role, repository: trust.repository };
  const envelope = parseEnvelope(received, origin, trust.limits);
  if (listing?.hashes !== undefined && !isListed(envelope, listing.hashes)) {
    const code = role === 'targets' ? 'MetadataHashMismatch' : 'DelegationHashMismatch';
    throw new MetadataError(
      code,
      `${roleTitle(role)} is not the file that Snapshot lists.`,
      originOf(origin),
    );
  }
  checkSignatures(envelope, expected.authority, origin);
  const targets = parseTargets(envelope, trust.repository, role);
  if (listing !== undefined && targets.version !== listing.version) {
    const text = `${roleTitle(role)} has version ${targets.version}, Snapshot lists ${listing.version}.`;
    throw new MetadataError('VersionMismatch', text, originOf(origin));
  }
  if (expected.floor !== undefined) checkNotOlder(targets.version, expected.floor, 'version', origin);
  checkExpiry(targets, trust.now, origin);
  return targets;
}

/** @throws MetadataError DirectorDelegation, DirectorRepeatedEcuId, BadEcuId, BadHardwareId */
export function checkDirectorTargets(targets: Targets, ecus: readonly VehicleEcu[]): void {
  const from = { role: 'Targets', repository: 'director' } as const;
  if (targets.delegations !== undefined && targets.delegations.roles.length > 0) {
    throw new MetadataError('DirectorDelegation', 'The Director delegates, which it must not.', from);
  }
  const known = new Map<string, VehicleEcu>(ecus.map((ecu) => [ecu.serial, ecu]));
  const seen = new Set<string>();
  for (const entry of targets.targets.values()) {
    const listed = refusingMalformed({ role: 'targets', repository: 'director' }, () =>
      readEcuIdentifiers(entry.custom),
    );
    for (const [serial, hardwareId] of listed) {
      const details = { target: entry.name, ecu: serial };
      const ecu = known.get(serial);
      if (seen.has(serial)) {
        throw new MetadataError('DirectorRepeatedEcuId', `The Director names ECU "${serial}" twice.`, {
          ...from,
          details,
        });
      }
      if (ecu === undefined) {
        throw new MetadataError(
          'BadEcuId',
          `The Director names ECU "${serial}", which is not in this vehicle.`,
          { ...from, details },
        );
      }
      if (ecu.hardwareId !== hardwareId) {
        const text = `The Director takes ECU "${serial}" for "${hardwareId}"; it is "${ecu.hardwareId}".`;
        throw new MetadataError('BadHardwareId', text, { ...from, details });
      }
      seen.add(serial);
    }
  }
}
