// One repository in memory, Director or Image: edit its roles and targets, then publish; every published file stays, so
// that it can be served again later. Hooks let an attacker change what is signed, who signs, and what is served.
import {
  MetadataError,
  metadataPath,
  nextRoot,
  nextSnapshot,
  nextTargets,
  nextTimestamp,
} from '@ota-connect/uptane';
import { canonicalBytes, hashBytes, jsonObject, signEnvelope } from '@ota-connect/uptane';
import type {
  FileListing,
  Instant,
  JsonObject,
  KeyId,
  MetadataSource,
  NextTarget,
  PublicKey,
} from '@ota-connect/uptane';
import type { RepositoryName, TopLevelRole } from '@ota-connect/uptane';
import type { TestKey } from './fixed-keys.ts';

export type SimulatedRole = {
  keys: readonly TestKey[];
  threshold: number;
  version: number;
  expires: Instant;
  /** Who signs; the role's keys when absent. */
  signWith?: readonly TestKey[];
  /** Changes what is signed. */
  edit?: (signed: JsonObject) => JsonObject;
  /** Changes the signed file; Snapshot and Timestamp list the changed one. */
  forge?: (bytes: Uint8Array) => Uint8Array;
};

/** Names the delegated roles that have to agree; they are listed beside it, without paths when they speak in agreement alone. */
export type SimulatedMultiRole = {
  paths: readonly string[];
  hardwareIds?: readonly string[];
  roles: readonly string[];
  threshold: number;
  terminating: boolean;
};

export type SimulatedDelegation = SimulatedRole & {
  readonly name: string;
  paths: readonly string[];
  terminating: boolean;
  hardwareIds?: readonly string[];
  targets: Map<string, NextTarget>;
  delegations: SimulatedDelegation[];
  multiRole: SimulatedMultiRole[];
  /** Keys as the delegator lists them; the role's own when absent. */
  listedKeys?: readonly TestKey[];
};

/** What is answered instead of the published file. */
export type Override = Uint8Array | 'absent' | Error;

export class SimulatedRepository {
  readonly name: RepositoryName;
  readonly roles: Record<TopLevelRole, SimulatedRole>;
  readonly targets = new Map<string, NextTarget>();
  readonly delegations: SimulatedDelegation[] = [];
  readonly multiRole: SimulatedMultiRole[] = [];
  /** Whom the next Root lists under `time`. */
  time: { readonly keys: readonly TestKey[]; readonly threshold: number } | undefined;
  /** Of a Director that signs lockboxes: whom the next Root lists for them, by the name of the role. */
  offlineRoles: ReadonlyMap<string, Pick<SimulatedRole, 'keys' | 'threshold'>> = new Map();
  /** `custom` of the Targets document. */
  custom: JsonObject | undefined;
  /** Whether Snapshot lists hashes and lengths of Targets files. */
  listHashes = true;
  /** Served instead of what was published, by path. */
  readonly overrides = new Map<string, Override>();
  /** Paths in the order in which they were asked for. */
  readonly requests: string[] = [];
  readonly files = new Map<string, Uint8Array>();
  /** Every published state, oldest first. */
  readonly history: ReadonlyMap<string, Uint8Array>[] = [];
  readonly #rootKeys = new Map<number, readonly TestKey[]>();

  constructor(name: RepositoryName, roles: Record<TopLevelRole, SimulatedRole>) {
    this.name = name;
    this.roles = roles;
  }

  /** The next Root, signed by the keys of the one before and by its own. */
  async publishRoot(): Promise<void> {
    const { root } = this.roles;
    const keysBefore = this.#rootKeys.get(root.version) ?? [];
    root.version += 1;
    const signers = new Map([...keysBefore, ...root.keys].map((key) => [key.keyId, key]));
    const bytes = await sign(root, this.#unsignedRoot(), [...signers.values()]);
    this.files.set(metadataPath('root', root.version), bytes);
    this.files.set('root.json', bytes);
    this.#rootKeys.set(root.version, root.keys);
  }

  /** Targets with delegations, Snapshot and Timestamp, each one version up. Call once all edits are made. */
  async publish(): Promise<void> {
    if (this.roles.root.version === 0) await this.publishRoot();
    for (const role of ['targets', 'snapshot', 'timestamp'] as const) this.roles[role].version += 1;
    const listings = new Map<string, FileListing>([['root.json', { version: this.roles.root.version }]]);
    const targets = await sign(this.roles.targets, this.#unsignedTargets());
    this.#put('targets.json', targets, listings, this.roles.targets.version);
    await this.#publishDelegations(this.delegations, listings);
    const { snapshot, timestamp } = this.roles;
    const header = { version: snapshot.version, expires: snapshot.expires };
    const snapshotBytes = await sign(snapshot, nextSnapshot({ ...header, meta: listings }));
    this.files.set('snapshot.json', snapshotBytes);
    const listed = { version: snapshot.version, ...listingOf(snapshotBytes) };
    const next = nextTimestamp({ version: timestamp.version, expires: timestamp.expires, snapshot: listed });
    this.files.set('timestamp.json', await sign(timestamp, next));
    this.history.push(new Map(this.files));
  }

  /** What a client gets for a path. */
  answer(path: string): Uint8Array | 'absent' {
    this.requests.push(path);
    const override = this.overrides.get(path);
    if (override instanceof Error) throw override;
    return override ?? this.files.get(path) ?? 'absent';
  }

  /** Serves a path of an earlier published state, or a whole state without a path. */
  replay(state: number, path?: string): void {
    const old = this.history.at(state) ?? new Map<string, Uint8Array>();
    for (const [name, bytes] of old) {
      if ((path ?? name) === name && !name.endsWith('root.json')) this.overrides.set(name, bytes);
    }
  }

  /**
   * Ends every attack as an honest operator would: all hooks gone, thresholds of one, versions and expiry far ahead, and a
   * new Root after the last one that clients took. Targets and delegations stay.
   */
  async heal(acceptedRoot: number, expires: Instant): Promise<void> {
    this.overrides.clear();
    for (const role of [...Object.values(this.roles), ...this.delegations]) {
      role.expires = expires;
      role.threshold = 1;
      role.version += 100;
      delete role.signWith;
      delete role.edit;
      delete role.forge;
    }
    const { root } = this.roles;
    for (const version of this.#rootKeys.keys()) {
      if (version > acceptedRoot) this.files.delete(metadataPath('root', version));
    }
    root.version = acceptedRoot;
    root.keys = this.#rootKeys.get(acceptedRoot) ?? root.keys;
    await this.publishRoot();
  }

  readonly source: MetadataSource = {
    fetch: async ({ role, version, maxBytes }) => {
      const bytes = this.answer(metadataPath(role, version));
      if (bytes === 'absent' || bytes.byteLength <= maxBytes) return bytes;
      throw new MetadataError('OversizedMetadata', 'The body is longer than it may be.', {
        repository: this.name,
      });
    },
  };

  #put(path: string, bytes: Uint8Array, listings: Map<string, FileListing>, version: number): void {
    this.files.set(path, bytes);
    const fileName = path.startsWith('delegations/')
      ? decodeURIComponent(path.slice('delegations/'.length))
      : path;
    listings.set(fileName, this.listHashes ? { version, ...listingOf(bytes) } : { version });
  }

  async #publishDelegations(
    delegations: SimulatedDelegation[],
    listings: Map<string, FileListing>,
  ): Promise<void> {
    for (const delegation of delegations) {
      if (listings.has(`${delegation.name}.json`)) continue;
      if (delegation.version === 0) delegation.version = 1;
      const bytes = await sign(delegation, unsignedDelegated(delegation));
      this.#put(metadataPath({ delegation: delegation.name }), bytes, listings, delegation.version);
      await this.#publishDelegations(delegation.delegations, listings);
    }
  }

  #unsignedRoot(): JsonObject {
    const keys = new Map<KeyId, PublicKey>();
    const roles = new Map<string, { keyIds: KeyId[]; threshold: number }>();
    const listed = this.time === undefined ? this.roles : { ...this.roles, time: this.time };
    for (const [name, role] of [...Object.entries(listed), ...this.offlineRoles]) {
      for (const key of role.keys) keys.set(key.keyId, key.publicKey);
      roles.set(name, { keyIds: role.keys.map((key) => key.keyId), threshold: role.threshold });
    }
    const { version, expires } = this.roles.root;
    return nextRoot({ version, expires, keys, roles });
  }

  #unsignedTargets(): JsonObject {
    const { version, expires } = this.roles.targets;
    const delegations = this.delegations.length === 0 ? {} : { delegations: delegationsObject(this) };
    const custom = this.custom === undefined ? {} : { custom: this.custom };
    return nextTargets({ version, expires, targets: [...this.targets.values()], ...custom, ...delegations });
  }
}

function unsignedDelegated(delegation: SimulatedDelegation): JsonObject {
  const { version, expires } = delegation;
  const below = delegation.delegations.length === 0 ? {} : { delegations: delegationsObject(delegation) };
  return nextTargets({ version, expires, targets: [...delegation.targets.values()], ...below });
}

function delegationsObject(delegator: Pick<SimulatedDelegation, 'delegations' | 'multiRole'>): JsonObject {
  const listed = delegator.delegations.map((delegation) => ({
    delegation,
    keys: delegation.listedKeys ?? delegation.keys,
  }));
  const keys = listed.flatMap((one) =>
    one.keys.map((key): [string, JsonObject] => [key.keyId, keyObject(key)]),
  );
  const roles = listed.map(({ delegation, keys: own }) =>
    jsonObject([
      ['custom', delegation.hardwareIds && jsonObject([['hardwareIds', delegation.hardwareIds]])],
      ['keyids', own.map((key) => key.keyId)],
      ['name', delegation.name],
      ['paths', delegation.paths],
      ['terminating', delegation.terminating],
      ['threshold', delegation.threshold],
    ]),
  );
  const multiRole = delegator.multiRole.map((one) => jsonObject(Object.entries(one)));
  return jsonObject([
    ['keys', jsonObject(keys)],
    ['multiRole', multiRole.length === 0 ? undefined : multiRole],
    ['roles', roles],
  ]);
}

function keyObject(key: TestKey): JsonObject {
  const keyval = jsonObject([['public', key.publicKey.keyval.public]]);
  return jsonObject([
    ['keytype', key.publicKey.keytype],
    ['keyval', keyval],
  ]);
}

export async function sign(
  role: SimulatedRole,
  unsigned: JsonObject,
  signers: readonly TestKey[] = role.keys,
): Promise<Uint8Array> {
  const signed = role.edit?.(unsigned) ?? unsigned;
  const bytes = await signEnvelope(
    signed,
    (role.signWith ?? signers).map((key) => key.signer),
  );
  return role.forge?.(bytes) ?? bytes;
}

function listingOf(bytes: Uint8Array): { lengthBytes: number; hashes: { sha256: string; sha512: string } } {
  return { lengthBytes: bytes.byteLength, hashes: hashBytes(bytes) };
}

/** A document as an object of JSON, for edits that need the whole. */
export function rewrite(
  bytes: Uint8Array,
  change: (document: Record<string, unknown>) => unknown,
): Uint8Array {
  const document = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
  return canonicalBytes(change(document) as JsonObject);
}
