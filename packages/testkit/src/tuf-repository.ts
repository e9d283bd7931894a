// One plain TUF repository in memory: edit its roles and targets, then publish; every published file stays under its name.
// Hooks let an attacker change what is signed, who signs, and what is served. It serves as a MetadataSource, and its files
// can be put behind HTTP. Source: TUF specification 1.0.34, sections 3.6 and 4
import { createHash } from 'node:crypto';
import { formatInstant, metadataPath, MetadataError, TUF_DIALECT } from '@ota-connect/uptane';
import type { Instant, JsonObject, JsonValue, MetadataSource, StoredRole } from '@ota-connect/uptane';
import { olpcText } from './olpc.ts';
import { tufKey, type TufKey } from './tuf-keys.ts';

export type TufRole = {
  keys: readonly TufKey[];
  threshold: number;
  version: number;
  expires: Instant;
  /** Who signs; the role's keys when absent. */
  signWith?: readonly TufKey[];
  /** Changes what is signed. */
  edit?: (signed: Record<string, JsonValue>) => JsonObject;
  /** Changes the entries of `signatures`. */
  editSignatures?: (signatures: readonly JsonObject[]) => readonly JsonValue[];
  /** Changes the signed file; Snapshot and Timestamp list the changed one. */
  forge?: (bytes: Uint8Array) => Uint8Array;
};

export type TufImage = { readonly bytes: Uint8Array; readonly entry: JsonObject };

export type TufTargetsRole = TufRole & {
  /** By name, as the role lists them. */
  readonly targets: Map<string, JsonObject>;
  readonly delegations: TufDelegation[];
  /** Succinct roles; then `delegations` has to be empty. */
  bins?: TufBins;
};

/** The same object below two delegators is one role, published once. */
export type TufDelegation = TufTargetsRole & {
  readonly name: string;
  paths?: readonly string[];
  pathHashPrefixes?: readonly string[];
  terminating: boolean;
  /** Keys as the delegator lists them; the role's own when absent. */
  listedKeys?: readonly TufKey[];
};

export type TufBins = {
  readonly bitLength: number;
  readonly namePrefix: string;
  readonly keys: readonly TufKey[];
  readonly threshold: number;
  readonly members: readonly TufDelegation[];
};

/** What is answered instead of the published file. */
export type TufOverride = Uint8Array | 'absent' | Error;
type TopLevel = 'root' | 'timestamp' | 'snapshot';

export class TufRepository {
  readonly roles: Record<TopLevel, TufRole> & { readonly targets: TufTargetsRole };
  /** Images by the path under which they are served. */
  readonly images = new Map<string, Uint8Array>();
  readonly files = new Map<string, Uint8Array>();
  readonly overrides = new Map<string, TufOverride>();
  /** Paths of metadata in the order in which they were asked for. */
  readonly requests: string[] = [];
  consistentSnapshot = true;
  /** Whether Timestamp and Snapshot list length and hashes. */
  listHashes = false;
  /** How files are written. */
  indent: number | undefined;
  readonly #rootKeys = new Map<number, readonly TufKey[]>();

  /** One key and a threshold of one for each role. */
  constructor(expires: Instant) {
    const role = (name: string): TufRole => ({ keys: [tufKey(name)], threshold: 1, version: 0, expires });
    this.roles = {
      root: role('root'),
      timestamp: role('timestamp'),
      snapshot: role('snapshot'),
      targets: { ...role('targets'), targets: new Map(), delegations: [] },
    };
  }

  /** The next Root, signed by the keys of the one before and by its own. */
  publishRoot(): Uint8Array {
    const { root } = this.roles;
    const before = this.#rootKeys.get(root.version) ?? [];
    root.version += 1;
    const signers = new Map([...before, ...root.keys].map((key) => [key.keyId, key]));
    const bytes = this.#sign('root', root, this.#unsignedRoot(), [...signers.values()]);
    this.files.set(`${root.version}.root.json`, bytes);
    this.#rootKeys.set(root.version, root.keys);
    return bytes;
  }

  /** Targets, delegated roles, Snapshot and Timestamp. The three top-level ones are one version up. */
  publish(): void {
    if (this.roles.root.version === 0) this.publishRoot();
    const { targets, snapshot, timestamp } = this.roles;
    for (const role of [targets, snapshot, timestamp]) role.version += 1;
    const meta: Record<string, JsonObject> = {};
    const signed = this.#sign('targets', targets, unsignedTargets(targets));
    this.#put('targets', targets.version, signed);
    meta['targets.json'] = this.#listing(targets.version, signed);
    for (const role of delegatedBelow(targets)) {
      if (role.version === 0) role.version = 1;
      const bytes = this.#sign('targets', role, unsignedTargets(role));
      this.#put({ delegation: role.name }, role.version, bytes);
      meta[`${role.name}.json`] = this.#listing(role.version, bytes);
    }
    const snapshotBytes = this.#sign('snapshot', snapshot, { meta });
    this.#put('snapshot', snapshot.version, snapshotBytes);
    const listed = { 'snapshot.json': this.#listing(snapshot.version, snapshotBytes) };
    this.files.set('timestamp.json', this.#sign('timestamp', timestamp, { meta: listed }));
  }

  /** Lists an image in a role, and serves it. */
  addImage(name: string, bytes: Uint8Array, role: TufTargetsRole = this.roles.targets): TufImage {
    const hashes = hashesOf(bytes);
    const entry = { length: bytes.byteLength, hashes };
    role.targets.set(name, entry);
    const fileAt = name.lastIndexOf('/') + 1;
    this.images.set(name, bytes);
    for (const hash of Object.values(hashes)) {
      this.images.set(`${name.slice(0, fileAt)}${hash}.${name.slice(fileAt)}`, bytes);
    }
    return { bytes, entry };
  }

  /** A role below Targets, or below another one. Publishes nothing yet. */
  delegate(
    name: string,
    more: Partial<Omit<TufDelegation, 'name'>> = {},
    below: TufTargetsRole = this.roles.targets,
  ): TufDelegation {
    const delegation: TufDelegation = {
      name,
      keys: [tufKey(name)],
      threshold: 1,
      version: 0,
      expires: this.roles.targets.expires,
      terminating: false,
      targets: new Map(),
      delegations: [],
      ...(more.pathHashPrefixes === undefined ? { paths: ['*'] } : {}),
      ...more,
    };
    below.delegations.push(delegation);
    return delegation;
  }

  /** What a client gets for a path. */
  answer(path: string): Uint8Array | 'absent' {
    this.requests.push(path);
    const override = this.overrides.get(path);
    if (override instanceof Error) throw override;
    return override ?? this.files.get(path) ?? 'absent';
  }

  readonly source: MetadataSource = {
    fetch: async ({ role, version, maxBytes }) => {
      const bytes = this.answer(metadataPath(role, version, TUF_DIALECT));
      if (bytes === 'absent' || bytes.byteLength <= maxBytes) return bytes;
      throw new MetadataError('OversizedMetadata', 'The body is longer than it may be.');
    },
  };

  #put(role: StoredRole, version: number, bytes: Uint8Array): void {
    this.files.set(metadataPath(role, this.consistentSnapshot ? version : undefined, TUF_DIALECT), bytes);
  }

  #listing(version: number, bytes: Uint8Array): JsonObject {
    return this.listHashes ? { version, length: bytes.byteLength, hashes: hashesOf(bytes) } : { version };
  }

  #unsignedRoot(): JsonObject {
    const keys: Record<string, JsonValue> = {};
    const roles: Record<string, JsonValue> = {};
    for (const [name, role] of Object.entries(this.roles)) {
      for (const key of role.keys) keys[key.keyId] = key.listed;
      roles[name] = { keyids: role.keys.map((key) => key.keyId), threshold: role.threshold };
    }
    return { consistent_snapshot: this.consistentSnapshot, keys, roles };
  }

  #sign(
    type: string,
    role: TufRole,
    own: JsonObject,
    signers: readonly TufKey[] = role.signWith ?? role.keys,
  ): Uint8Array {
    const { version, expires } = role;
    const head = { _type: type, spec_version: '1.0.34', version, expires: formatInstant(expires) };
    const signed = role.edit?.({ ...head, ...own }) ?? { ...head, ...own };
    const message = new TextEncoder().encode(olpcText(signed));
    const signatures = (role.signWith ?? signers).map((key) => ({
      keyid: key.keyId,
      sig: key.sign(message),
    }));
    const document = { signatures: role.editSignatures?.(signatures) ?? signatures, signed };
    const bytes = new TextEncoder().encode(JSON.stringify(document, null, this.indent));
    return role.forge?.(bytes) ?? bytes;
  }
}

export function hashesOf(bytes: Uint8Array): { readonly sha256: string; readonly sha512: string } {
  const hex = (algorithm: string): string => createHash(algorithm).update(bytes).digest('hex');
  return { sha256: hex('sha256'), sha512: hex('sha512') };
}

function delegatedBelow(role: TufTargetsRole, known = new Set<TufDelegation>()): ReadonlySet<TufDelegation> {
  for (const child of [...role.delegations, ...(role.bins?.members ?? [])]) {
    if (known.has(child)) continue;
    known.add(child);
    delegatedBelow(child, known);
  }
  return known;
}

function unsignedTargets({ targets, delegations, bins }: TufTargetsRole): JsonObject {
  const listed = Object.fromEntries(targets);
  if (bins !== undefined) return { targets: listed, delegations: binsObject(bins) };
  return delegations.length === 0
    ? { targets: listed }
    : { targets: listed, delegations: delegationsObject(delegations) };
}

function delegationsObject(delegations: readonly TufDelegation[]): JsonObject {
  const roles = delegations.map((one) => ({
    name: one.name,
    keyids: (one.listedKeys ?? one.keys).map((key) => key.keyId),
    threshold: one.threshold,
    terminating: one.terminating,
    ...(one.paths === undefined ? {} : { paths: one.paths }),
    ...(one.pathHashPrefixes === undefined ? {} : { path_hash_prefixes: one.pathHashPrefixes }),
  }));
  return { keys: keysObject(delegations.flatMap((one) => one.listedKeys ?? one.keys)), roles };
}

function binsObject({ bitLength, namePrefix, keys, threshold }: TufBins): JsonObject {
  const keyids = keys.map((key) => key.keyId);
  const roles = { keyids, threshold, bit_length: bitLength, name_prefix: namePrefix };
  return { keys: keysObject(keys), succinct_roles: roles };
}

function keysObject(keys: readonly TufKey[]): JsonObject {
  return Object.fromEntries(keys.map((key) => [key.keyId, key.listed]));
}
