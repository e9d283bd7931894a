// View of the `delegations` of a Targets file: keys, and roles in order of priority. Source: Uptane Standard #delegations
import { readKeyRing, readRoleKeys, type KeyRing, type RoleKeys } from './common.ts';
import { TOP_LEVEL_ROLES } from './filename.ts';
import { CodedError } from '../errors.ts';
import { readArray, readBoolean, readObject, readOptional, readString, readStrings } from '../json/decode.ts';
import { member, type JsonValue } from '../json/value.ts';

export type Delegation = RoleKeys & {
  readonly name: string;
  /** Shell patterns, fnmatch without flags: `*` also matches `/`. */
  readonly paths: readonly string[];
  readonly terminating: boolean;
  /** What the role may speak for; absent: everything. */
  readonly hardwareIds?: readonly string[];
};
export type Delegations = { readonly keys: KeyRing; readonly roles: readonly Delegation[] };

/** @throws CodedError DecodeError, MetadataError IllegalThreshold */
export function readDelegations(value: JsonValue): Delegations {
  const object = readObject(value, 'delegations');
  const roles = readOptional(object, 'roles', readArray) ?? [];
  const keys = member(object, 'keys');
  return {
    keys: keys === undefined && roles.length === 0 ? new Map() : readKeyRing(keys, 'delegations.keys'),
    roles: roles.map((role, index) => readDelegation(role, `delegations.roles[${index}]`)),
  };
}

function readDelegation(value: JsonValue, path: string): Delegation {
  const object = readObject(value, path);
  const name = readString(member(object, 'name'), `${path}.name`);
  const lowerCase = name.toLowerCase();
  if (name === '' || TOP_LEVEL_ROLES.some((role) => role === lowerCase)) {
    throw new CodedError('DecodeError', 'malformed', `A delegated role must not be named "${name}".`);
  }
  const hardwareIds = readOptional(object, 'hardwareIds', readStrings);
  return {
    ...readRoleKeys(object, path, name),
    name,
    // Hash prefixes and succinct roles of TUF have none: such a delegation speaks for nothing here.
    paths: readOptional(object, 'paths', readStrings) ?? [],
    terminating: readOptional(object, 'terminating', readBoolean) ?? false,
    ...(hardwareIds === undefined ? {} : { hardwareIds }),
  };
}
