// The two doors of verification: where metadata comes from, and where it is kept. A Primary (HTTP), a Secondary (what
// the Primary sent), a server (its own tables) and the simulator stand behind them. Source: Uptane Standard #full_verification
import type { Dialect } from '../dialect/dialect.ts';
import type { RepositoryName } from '../errors.ts';
import type { StoredRole } from '../dialect/role.ts';

export type MetadataRequest = {
  readonly role: StoredRole;
  /** Always with `root`; with others where the dialect names them by version and Root says `consistent_snapshot`. */
  readonly version?: number;
  readonly maxBytes: number;
};

/**
 * Bytes of a metadata file. `absent`: the repository says that it has no such file. Whatever else goes wrong throws
 * (TransportError); a body beyond `maxBytes` is cut off and throws MetadataError `OversizedMetadata`. May block.
 */
export type MetadataSource = { fetch(request: MetadataRequest): Promise<Uint8Array | 'absent'> };

/** Whether this Director has ever served Timestamp and Snapshot: from then on their absence is an attack. */
export type MetadataFlags = {
  directorFullRoles(): boolean;
  /** `false` forgets it: the operator moved the device to a Director without them. */
  rememberDirectorFullRoles(served: boolean): void;
};

/**
 * The metadata of one repository that was verified. A write is durable when it returns; the bytes come back as they
 * went in. Roots are kept by version, of the others the newest alone. Throws StorageError.
 */
export type MetadataStore = {
  /** For `root` the one with the highest version. */
  load(role: StoredRole): Uint8Array | undefined;
  loadRoot(version: number): Uint8Array | undefined;
  save(role: StoredRole, bytes: Uint8Array, version: number): void;
  /** Saves a Root and removes what it takes the trust from, both or neither, whenever the power goes. */
  saveRoot(bytes: Uint8Array, version: number, forget: readonly StoredRole[]): void;
  remove(role: StoredRole): void;
  /** Removes the delegated roles that are not among these. Writes nothing when there are none. */
  keepDelegations(names: ReadonlySet<string>): void;
  flags(): MetadataFlags;
};

export type Repository = {
  readonly name: RepositoryName;
  readonly source: MetadataSource;
  readonly store: MetadataStore;
  /** Absent: UPTANE_DIALECT. */
  readonly dialect?: Dialect;
  /** Absent: as the dialect has it. `provisioned`: where none is stored, everything is refused and nothing asked for. */
  readonly firstRoot?: 'provisioned';
};

/** The repository of an ECU that takes no first Root from whoever passes metadata on to it. */
export function provisioned(repository: Repository): Repository {
  return { ...repository, firstRoot: 'provisioned' };
}

/** What is stored, as a source: verifying over it is the recheck before download and install, with no network. */
export function storedSource(store: MetadataStore): MetadataSource {
  return {
    fetch: async ({ role, version }) =>
      (role === 'root' && version !== undefined ? store.loadRoot(version) : store.load(role)) ?? 'absent',
  };
}
