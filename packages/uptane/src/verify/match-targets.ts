// The Director and the Image repository say the same of an image: name, length, every common hash, the hardware it is
// for, the release counter, and whatever either side says must match. Images are compared by content, ECU by ECU: a
// known name with other content is an update like any other. Source: Uptane Standard #full_verification, #custom_metadata
import { MetadataError } from '../errors.ts';
import { hashesAgree, type Hashes } from '../hashes.ts';
import type { EcuSerial, HardwareId } from '../identifiers.ts';
import { canonicalText } from '../json/canonical-json.ts';
import { readOptional, readString } from '../json/decode.ts';
import { jsonObject, member, type JsonObject } from '../json/value.ts';
import { malformed, refusingMalformed, type DocumentOrigin } from '../metadata/envelope.ts';
import { readMustMatch } from '../metadata/common.ts';
import {
  readEcuIdentifiers,
  readHardwareIds,
  readReleaseCounter,
  type TargetEntry,
} from '../metadata/targets.ts';
import { originOf } from './origin.ts';
import type { FoundTarget } from './resolve-delegations.ts';
import type { VehicleEcu, VerifiedTarget } from './verdict.ts';

/** What the Director offers to this vehicle. */
export type Offer = {
  readonly entry: TargetEntry;
  /** All ECUs that the entry names. */
  readonly ecus: readonly VehicleEcu[];
  /** Those that do not run it yet. */
  readonly toUpdate: readonly VehicleEcu[];
};

/** An original Director knows no release counters. */
export type CountersAre = 'kept up' | 'unknown to the Director';

export const DIRECTOR_TARGETS = { role: 'targets', repository: 'director' } as const;
const IMAGE_TARGETS = { role: 'targets', repository: 'image' } as const;
// A placeholder that the original's servers write and its clients ignore.
const NO_URI = 'https://example.com/';

/** Entries that name ECUs of this vehicle; call after checkDirectorTargets. */
export function readOffers(entries: Iterable<TargetEntry>, vehicle: readonly VehicleEcu[]): readonly Offer[] {
  const offers: Offer[] = [];
  for (const entry of entries) {
    const serials = readEcuIdentifiers(entry.custom);
    const ecus = vehicle.filter((ecu) => serials.has(ecu.serial));
    if (ecus.length > 0) offers.push({ entry, ecus, toUpdate: ecus.filter((ecu) => !runs(ecu, entry)) });
  }
  return offers;
}

/**
 * What differs is laid to the role that lists the image in the Image repository.
 * @throws MetadataError TargetMismatch, ReleaseCounter, SecurityException (custom data of a wrong form)
 */
export function matchTarget(
  offer: Offer,
  image: FoundTarget | undefined,
  countersAre: CountersAre,
): VerifiedTarget {
  const { entry } = offer;
  if (image === undefined) throw mismatch(entry, 'the Image repository does not have it');
  const from = { role: image.role, repository: 'image' } as const;
  if (image.lengthBytes !== entry.lengthBytes) throw mismatch(entry, 'the lengths differ', from);
  if (!hashesAgree(image.hashes, entry.hashes))
    throw mismatch(entry, 'the hashes differ or have no algorithm in common', from);
  const director = refusingMalformed(DIRECTOR_TARGETS, () => readCustom(entry.custom));
  const other = refusingMalformed(from, () => readCustom(image.custom));
  const hardwareIds = refusingMalformed(from, () => readHardwareIds(image.custom));
  for (const ecu of offer.ecus) {
    if (!hardwareIds.includes(ecu.hardwareId))
      throw mismatch(entry, `it is not for "${ecu.hardwareId}"`, from);
  }
  for (const name of new Set([...director.mustMatch, ...other.mustMatch])) {
    if (!isSameMember(entry.custom, image.custom, name)) throw mismatch(entry, `"${name}" differs`, from);
  }
  // One repository alone could raise a counter, after which nothing else were ever installed.
  if (director.releaseCounter !== other.releaseCounter) {
    throw wrongCounter(entry, 'differs between the repositories', from);
  }
  const facts = {
    hashes: { ...image.hashes, ...entry.hashes },
    releaseCounter: director.releaseCounter,
    targetFormat: director.targetFormat ?? other.targetFormat,
    uri: director.uri ?? other.uri,
  };
  return verified(offer, facts, countersAre);
}

/** What the Director alone says, for an ECU that asks nobody else. @throws MetadataError ReleaseCounter, SecurityException */
export function takeTarget(offer: Offer, countersAre: CountersAre): VerifiedTarget {
  const { hashes, custom } = offer.entry;
  const facts = refusingMalformed(DIRECTOR_TARGETS, () => ({
    hashes,
    releaseCounter: readReleaseCounter(custom),
    targetFormat: readFormat(custom),
    uri: readUri(custom),
  }));
  if (Object.keys(hashes).length === 0)
    throw malformed(DIRECTOR_TARGETS, `it lists no hash of "${offer.entry.name}" that is known`);
  return verified(offer, facts, countersAre);
}

type Facts = {
  readonly hashes: Hashes;
  readonly releaseCounter: number | undefined;
  readonly targetFormat: VerifiedTarget['targetFormat'] | undefined;
  readonly uri: string | undefined;
};

function verified(offer: Offer, facts: Facts, countersAre: CountersAre): VerifiedTarget {
  const { entry } = offer;
  const { hashes, releaseCounter, targetFormat, uri } = facts;
  const mayLack = countersAre === 'unknown to the Director' && releaseCounter === undefined;
  if (!mayLack) for (const ecu of offer.toUpdate) checkReleaseCounter(entry, releaseCounter, ecu);
  return {
    name: entry.name,
    lengthBytes: entry.lengthBytes,
    hashes,
    ecus: new Map<EcuSerial, HardwareId>(offer.toUpdate.map((ecu) => [ecu.serial, ecu.hardwareId])),
    custom: targetFormat === undefined ? entry.custom : withFormat(entry.custom, targetFormat),
    ...(uri === undefined ? {} : { uri }),
    ...(targetFormat === undefined ? {} : { targetFormat }),
    ...(releaseCounter === undefined ? {} : { releaseCounter }),
  };
}

/** The entry for the ECUs of one kind of hardware after the other: each has its own way through the delegations. */
export function byHardware(offer: Offer): readonly Offer[] {
  const kinds = new Set(offer.ecus.map((ecu) => ecu.hardwareId));
  return Array.from(kinds, (kind) => ({
    entry: offer.entry,
    ecus: offer.ecus.filter((ecu) => ecu.hardwareId === kind),
    toUpdate: offer.toUpdate.filter((ecu) => ecu.hardwareId === kind),
  }));
}

/** Two that agree with the Director also have to agree with each other. @throws MetadataError TargetMismatch */
export function mergeTargets(one: VerifiedTarget, other: VerifiedTarget): VerifiedTarget {
  if (!hashesAgree(one.hashes, other.hashes)) throw mismatch(one, 'it is listed twice with other hashes');
  return {
    ...other,
    ...one,
    hashes: { ...other.hashes, ...one.hashes },
    ecus: new Map([...one.ecus, ...other.ecus]),
  };
}

function runs(ecu: VehicleEcu, entry: TargetEntry): boolean {
  const { installed } = ecu;
  if (installed === undefined || installed.name !== entry.name) return false;
  return installed.lengthBytes === entry.lengthBytes && hashesAgree(installed.hashes, entry.hashes);
}

function readCustom(custom: JsonObject) {
  return {
    mustMatch: readMustMatch(custom),
    releaseCounter: readReleaseCounter(custom),
    targetFormat: readFormat(custom),
    uri: readUri(custom),
  };
}

// An ECU whose image had a counter takes none without: images from before the counters would come back that way. Only a
// device that an operator moves to an original Director, which knows no counters, does.
function checkReleaseCounter(entry: TargetEntry, counter: number | undefined, ecu: VehicleEcu): void {
  const known = [ecu.installed?.releaseCounter, ecu.releaseCounterFloor].filter((one) => one !== undefined);
  if (known.length === 0) return;
  const floor = Math.max(...known);
  if (counter !== undefined && counter >= floor) return;
  throw wrongCounter(entry, `is lower than ${floor}, which ECU "${ecu.serial}" has had`, DIRECTOR_TARGETS);
}

function readFormat(custom: JsonObject): 'OSTREE' | 'BINARY' | undefined {
  const format = member(custom, 'targetFormat');
  return format === 'OSTREE' || format === 'BINARY' ? format : undefined;
}

function readUri(custom: JsonObject): string | undefined {
  const uri = readOptional(custom, 'uri', readString);
  return uri === '' || uri === NO_URI ? undefined : uri;
}

function withFormat(custom: JsonObject, targetFormat: string): JsonObject {
  return jsonObject([
    ...Object.entries(custom).filter(([name]) => name !== 'targetFormat'),
    ['targetFormat', targetFormat],
  ]);
}

function isSameMember(a: JsonObject, b: JsonObject, name: string): boolean {
  const [left, right] = [member(a, name), member(b, name)];
  return left !== undefined && right !== undefined && canonicalText(left) === canonicalText(right);
}

export function mismatch(
  entry: { readonly name: string },
  why: string,
  from: DocumentOrigin = IMAGE_TARGETS,
): MetadataError {
  const text = `The Director and the Image repository do not agree on "${entry.name}": ${why}.`;
  return new MetadataError('TargetMismatch', text, { ...originOf(from), details: { target: entry.name } });
}

function wrongCounter(entry: TargetEntry, why: string, from: DocumentOrigin): MetadataError {
  const text = `The release counter of "${entry.name}" ${why}.`;
  return new MetadataError('ReleaseCounter', text, { ...originOf(from), details: { target: entry.name } });
}
