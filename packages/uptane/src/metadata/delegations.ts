// View of the `delegations` of a Targets file: keys, and who may speak for which images, in order of priority. Delegations
// to several roles at once come first: a single role must not overrule what needs the agreement of several.
// Source: Uptane Standard #delegations; TAP 3, TAP 15; TUF specification 4.5; docs/adr/0013-delegations.md
import {
  checkCount,
  readHardwareList,
  readKeyRing,
  readRoleKeys,
  type KeyRing,
  type RoleKeys,
} from './common.ts';
import { TOP_LEVEL_ROLES } from '../dialect/role.ts';
import type { Dialect } from '../dialect/dialect.ts';
import { CodedError, MetadataError } from '../errors.ts';
import { sha256Hex } from '../hashes.ts';
import {
  readArray,
  readBoolean,
  readInteger,
  readObject,
  readOptional,
  readString,
  readStrings,
} from '../json/decode.ts';
import { member, type JsonObject, type JsonValue } from '../json/value.ts';
import { spendSteps, type Steps } from '../dialect/match-path.ts';

export type DelegatedRole = RoleKeys & { readonly name: string };

export type Delegation = {
  /** One; or the several of a multi-role delegation, the one that decides in a conflict first. */
  readonly roles: readonly DelegatedRole[];
  /** How many of them have to say the same. */
  readonly agreement: number;
  /** Patterns, as the dialect reads them. */
  readonly paths: readonly string[];
  /** Of the SHA-256 of the image's name, in lower-case hex. */
  readonly pathHashPrefixes: readonly string[];
  readonly terminating: boolean;
  /** What the roles may speak for; absent: everything. */
  readonly hardwareIds?: readonly string[];
};

/** Many roles with the same keys, of which the hash of an image's name picks one. */
export type Bins = RoleKeys & { readonly bitLength: number; readonly namePrefix: string };

export type Delegations = {
  readonly keys: KeyRing;
  readonly list: readonly Delegation[];
  readonly bins?: Bins;
};

type RolesByName = ReadonlyMap<string, DelegatedRole | 'twice'>;
type Members = Dialect['delegations']['members'];

const MAX_BIT_LENGTH = 32;
/** More are a case for bins, or for delegations below delegations. */
const MAX_ROLES = 20_000;
const MAX_NAME = 1024;

/** @throws CodedError DecodeError, MetadataError IllegalThreshold */
export function readDelegations(value: JsonValue, dialect: Dialect): Delegations {
  const { members } = dialect.delegations;
  const object = readObject(value, 'delegations');
  const roles = readOptional(object, 'roles', readArray) ?? [];
  checkCount(roles.length, MAX_ROLES, 'delegations.roles');
  const keys = member(object, 'keys');
  const single = roles.map((role, index) => readRole(role, `delegations.roles[${index}]`, dialect));
  const several = members === 'uptane' ? (readOptional(object, 'multiRole', readArray) ?? []) : [];
  const listed = rolesByName(several.length === 0 ? [] : single);
  const bins = members === 'tuf' ? readBins(object, dialect) : undefined;
  const mayLackKeys = roles.length === 0 && bins === undefined;
  return {
    keys: keys === undefined && mayLackKeys ? new Map() : readKeyRing(keys, 'delegations.keys', dialect),
    list: [
      ...several.map((one, index) => readMultiRole(one, `delegations.multiRole[${index}]`, listed)),
      ...single,
    ],
    ...(bins === undefined ? {} : { bins }),
  };
}

/**
 * Those that may speak for the image, in order. `hardwareId` is that of the ECU which is to install it.
 * @throws CodedError DecodeError when comparing takes more steps than are left
 */
export function* delegationsFor(
  { list, bins }: Delegations,
  image: { readonly name: string; readonly hardwareId?: string },
  { delegations: { matches } }: Dialect,
  steps: Steps,
): Generator<Delegation> {
  const hash = sha256Hex(new TextEncoder().encode(image.name));
  for (const delegation of list) {
    const { hardwareIds, paths, pathHashPrefixes } = delegation;
    spendSteps(steps, 1 + (hardwareIds?.length ?? 0) + paths.length + pathHashPrefixes.length);
    const fits =
      hardwareIds === undefined || image.hardwareId === undefined || hardwareIds.includes(image.hardwareId);
    const covers =
      paths.some((pattern) => matches(pattern, image.name, steps)) ||
      pathHashPrefixes.some((prefix) => hash.startsWith(prefix));
    if (fits && covers) yield delegation;
  }
  if (bins !== undefined) yield binFor(bins, hash);
}

function readRole(value: JsonValue, path: string, dialect: Dialect): Delegation {
  const object = readObject(value, path);
  const name = readString(member(object, 'name'), `${path}.name`);
  checkName(name);
  const { members } = dialect.delegations;
  return {
    roles: [{ ...readRoleKeys(object, { path, title: name, dialect }), name }],
    agreement: 1,
    ...readPaths(object, path, members),
    terminating: readTerminating(object),
    ...(members === 'uptane' ? readHardware(object, readOptional(object, 'custom', readObject)) : {}),
  };
}

/** The keys of its roles stand in `delegations.roles`; a role that speaks in agreement alone has no paths there. */
function readMultiRole(value: JsonValue, path: string, listed: RolesByName): Delegation {
  const object = readObject(value, path);
  const names = readStrings(member(object, 'roles'), `${path}.roles`);
  if (names.length === 0 || new Set(names).size < names.length)
    throw wrong(`"${path}.roles" has to name roles, each once.`);
  const roles = names.map((name) => {
    const role = listed.get(name);
    if (role !== undefined && role !== 'twice') return role;
    throw wrong(`"${path}.roles" names "${name.slice(0, 80)}", which has to be in delegations.roles once.`);
  });
  const agreement = member(object, 'threshold');
  const isPossible = typeof agreement === 'number' && Number.isInteger(agreement) && agreement >= 1;
  if (!isPossible || agreement > roles.length) {
    const text = `The agreement of ${names.length} roles needs a number of 1 to ${names.length}.`;
    throw new MetadataError('IllegalThreshold', text, { role: names[0] ?? '' });
  }
  const paths = readStrings(member(object, 'paths'), `${path}.paths`);
  return {
    roles,
    agreement,
    paths,
    pathHashPrefixes: [],
    terminating: readTerminating(object),
    ...readHardware(object),
  };
}

function rolesByName(single: readonly Delegation[]): RolesByName {
  const byName = new Map<string, DelegatedRole | 'twice'>();
  for (const role of single.flatMap(({ roles }) => roles)) {
    byName.set(role.name, byName.has(role.name) ? 'twice' : role);
  }
  return byName;
}

function readTerminating(object: JsonObject): boolean {
  return readOptional(object, 'terminating', readBoolean) ?? false;
}

/** A role states them in its `custom`; where they stand beside it as well, what both allow. */
function readHardware(object: JsonObject, custom?: JsonObject): Pick<Delegation, 'hardwareIds'> {
  const lists = [object, custom].flatMap((place) => {
    const listed = place === undefined ? undefined : readHardwareList(place);
    return listed === undefined ? [] : [new Set(listed)];
  });
  const [first, ...others] = lists;
  if (first === undefined) return {};
  return { hardwareIds: [...first].filter((id) => others.every((other) => other.has(id))) };
}

function readPaths(
  object: JsonObject,
  path: string,
  members: Members,
): Pick<Delegation, 'paths' | 'pathHashPrefixes'> {
  const paths = readOptional(object, 'paths', readStrings);
  // Without paths it speaks for nothing, and where hash prefixes are unknown they say nothing.
  if (members === 'uptane') return { paths: paths ?? [], pathHashPrefixes: [] };
  const prefixes = readOptional(object, 'path_hash_prefixes', readStrings);
  if ((paths === undefined) === (prefixes === undefined))
    throw wrong(`"${path}" has to have one of "paths" and "path_hash_prefixes".`);
  const pathHashPrefixes = (prefixes ?? []).map((prefix) => prefix.toLowerCase());
  if (!pathHashPrefixes.every((prefix) => /^[0-9a-f]*$/.test(prefix)))
    throw wrong(`"${path}.path_hash_prefixes" has to hold hexadecimal digits.`);
  return { paths: paths ?? [], pathHashPrefixes };
}

function readBins(delegations: JsonObject, dialect: Dialect): Bins | undefined {
  const object = readOptional(delegations, 'succinct_roles', readObject);
  if ((object === undefined) === (member(delegations, 'roles') === undefined))
    throw wrong('"delegations" has to have one of "roles" and "succinct_roles".');
  if (object === undefined) return undefined;
  const path = 'delegations.succinct_roles';
  const namePrefix = readString(member(object, 'name_prefix'), `${path}.name_prefix`);
  checkName(namePrefix);
  const bitLength = readInteger(member(object, 'bit_length'), `${path}.bit_length`, 1);
  if (bitLength > MAX_BIT_LENGTH) throw wrong(`"${path}.bit_length" has to be 1 to ${MAX_BIT_LENGTH}.`);
  return { ...readRoleKeys(object, { path, title: namePrefix, dialect }), namePrefix, bitLength };
}

/** The first bits of the hash are the number of the bin. Whoever has the bin has the image: it ends the search. */
function binFor({ bitLength, namePrefix, ...keys }: Bins, hash: string): Delegation {
  const number = Number.parseInt(hash.slice(0, 8), 16) >>> (MAX_BIT_LENGTH - bitLength);
  const digits = Math.ceil(bitLength / 4);
  const name = `${namePrefix}-${number.toString(16).padStart(digits, '0')}`;
  return { roles: [{ ...keys, name }], agreement: 1, paths: [], pathHashPrefixes: [], terminating: true };
}

/** Any text: a name is encoded wherever it becomes part of a path. */
function checkName(name: string): void {
  if (name.length > MAX_NAME) throw wrong(`A delegated role has a name of more than ${MAX_NAME} characters.`);
  const lowerCase = name.toLowerCase();
  if (name !== '' && !TOP_LEVEL_ROLES.some((role) => role === lowerCase)) return;
  throw wrong(`A delegated role must not be named "${name}".`);
}

function wrong(message: string): CodedError {
  return new CodedError('DecodeError', 'malformed', message);
}
