// The Director's documents on a medium: the offline-snapshot, in which no lockbox goes back, and a lockbox, which is the
// one that the offline-snapshot lists, for hardware of this vehicle. client-protocol 12.2, 12.3
import { MetadataError } from '../errors.ts';
import type { Listing } from '../dialect/listing.ts';
import { jsonObject, type JsonValue } from '../json/value.ts';
import { parseEnvelope, refusingMalformed } from '../metadata/envelope.ts';
import {
  OFFLINE_SNAPSHOT,
  parseOfflineSnapshot,
  type OfflineSnapshot,
} from '../metadata/offline-snapshot.ts';
import { OFFLINE_UPDATES, parseOfflineUpdates, type OfflineUpdates } from '../metadata/offline-updates.ts';
import { readEcuIdentifiers, readHardwareIds, type TargetEntry } from '../metadata/targets.ts';
import { checkVehicleId } from './check-director-targets.ts';
import { checkSignatures } from './check-signatures.ts';
import { originOf } from './origin.ts';
import {
  checkExpiry,
  checkNotOlder,
  documentOf,
  offlineAuthorityOf,
  type Trust,
} from './trusted-metadata.ts';
import type { Vehicle, VehicleEcu } from './verdict.ts';

/** Signed and of the right form; its age is nobody's question yet. @throws MetadataError */
export function readOfflineSnapshot(received: Uint8Array, trust: Trust): OfflineSnapshot {
  const envelope = parseEnvelope(received, documentOf(trust, 'offline-snapshot'), trust.limits);
  checkSignatures(envelope, offlineAuthorityOf(trust.root, 'offline-snapshot'), OFFLINE_SNAPSHOT);
  return parseOfflineSnapshot(envelope);
}

/** Of a newer one: what both list may not go back. A lockbox may be withdrawn. @throws MetadataError Rollback */
export function checkLockboxHistory(newer: OfflineSnapshot, older: OfflineSnapshot): void {
  for (const [name, { version }] of older.lockboxes) {
    const now = newer.lockboxes.get(name);
    if (now !== undefined)
      checkNotOlder(now.version, version, `the version of lockbox "${name}"`, OFFLINE_SNAPSHOT);
  }
}

/** @throws MetadataError MetadataHashMismatch, VersionMismatch, ExpiredMetadata, and what signatures and form can throw */
export function checkLockbox(received: Uint8Array, trust: Trust, listing: Listing): OfflineUpdates {
  const envelope = parseEnvelope(received, documentOf(trust, 'offline-updates'), trust.limits);
  if (!trust.dialect.isListed(envelope, listing)) {
    const text = 'The lockbox is not the file that the offline-snapshot lists.';
    throw new MetadataError('MetadataHashMismatch', text, originOf(OFFLINE_UPDATES));
  }
  checkSignatures(envelope, offlineAuthorityOf(trust.root, 'offline-updates'), OFFLINE_UPDATES);
  const lockbox = parseOfflineUpdates(envelope);
  if (lockbox.version !== listing.version) {
    const text = `The lockbox has version ${lockbox.version}, the offline-snapshot lists ${listing.version}.`;
    throw new MetadataError('VersionMismatch', text, originOf(OFFLINE_UPDATES));
  }
  checkExpiry(lockbox, trust.now, OFFLINE_UPDATES);
  return lockbox;
}

/**
 * The entries for this vehicle, each with its ECUs as the Director names them online. A lockbox may say which vehicle or
 * ECUs it is for; else hardware decides.
 * @throws MetadataError BadEcuId, BadHardwareId (nothing in it is for this vehicle), DirectorRepeatedEcuId
 */
export function addressedEntries(
  { targets, custom }: OfflineUpdates,
  vehicle: Vehicle,
): readonly TargetEntry[] {
  checkVehicleId({ custom }, vehicle.ids);
  const entries = [...targets.values()];
  const seen = new Set<string>();
  const addressed = entries.flatMap((entry) => {
    const ecus = refusingMalformed(OFFLINE_UPDATES, () => ecusOf(entry, vehicle.ecus));
    for (const { serial } of ecus) {
      if (!seen.has(serial)) seen.add(serial);
      else throw repeated(serial, entry);
    }
    return ecus.length === 0 ? [] : [naming(entry, ecus)];
  });
  if (addressed.length === 0 && entries.length > 0) throw foreign(vehicle);
  return addressed;
}

function ecusOf({ custom }: TargetEntry, ecus: readonly VehicleEcu[]): readonly VehicleEcu[] {
  const hardwareIds = readHardwareIds(custom);
  const named = readEcuIdentifiers(custom);
  return ecus.filter(({ serial, hardwareId }) => {
    if (named.size > 0 && named.get(serial) !== hardwareId) return false;
    return hardwareIds.includes(hardwareId) || (hardwareIds.length === 0 && named.size > 0);
  });
}

function naming(entry: TargetEntry, ecus: readonly VehicleEcu[]): TargetEntry {
  const identifiers = ecus.map(({ serial, hardwareId }): [string, JsonValue] => [
    serial,
    jsonObject([['hardwareId', hardwareId]]),
  ]);
  const others = Object.entries(entry.custom).filter(([name]) => name !== 'ecuIdentifiers');
  return { ...entry, custom: jsonObject([...others, ['ecuIdentifiers', jsonObject(identifiers)]]) };
}

function repeated(serial: string, entry: TargetEntry): MetadataError {
  const text = `The lockbox has two images for ECU "${serial}".`;
  return new MetadataError('DirectorRepeatedEcuId', text, {
    ...originOf(OFFLINE_UPDATES),
    details: { target: entry.name, ecu: serial },
  });
}

function foreign({ ecus }: Vehicle): MetadataError {
  const own = [...new Set(ecus.map(({ hardwareId }) => `"${hardwareId}"`))].join(', ');
  const text = `The lockbox is for other hardware: nothing in it is for ${own === '' ? 'this device' : own}.`;
  return new MetadataError('BadHardwareId', text, originOf(OFFLINE_UPDATES));
}
