// What a Primary hands to a Secondary: of the metadata that it has verified itself, the files that this ECU needs, and no
// others. To find the delegated roles, the Primary goes the Secondary's way through what is stored.
// Source: Uptane Standard #send_metadata_primary
import type { Dialect } from '../dialect/dialect.ts';
import { UPTANE_DIALECT } from '../dialect/uptane-dialect.ts';
import { DEFAULT_LIMITS, type Limits } from '../limits.ts';
import { parseEnvelope } from '../metadata/envelope.ts';
import type { StoredRole } from '../dialect/role.ts';
import { parseRoot } from '../metadata/root.ts';
import { parseTargets } from '../metadata/targets.ts';
import type { Instant } from '../time.ts';
import { isSameRole, type MetadataFile } from './bundle-source.ts';
import { compareImages } from './compare-images.ts';
import type { MappedRepositories } from './mapped-repositories.ts';
import { readOffers } from './match-targets.ts';
import { storedSource, type MetadataStore, type Repository } from './metadata-source.ts';
import type { VehicleEcu } from './verdict.ts';

export type SecondaryEcu = Pick<VehicleEcu, 'serial' | 'hardwareId'> & {
  readonly verification: 'full' | 'partial';
  /** The versions of the Roots that it has, by repository; absent: none. It gets all that follow. */
  readonly roots?: ReadonlyMap<string, number>;
};

export type VerifiedRepositories = {
  readonly director: Repository;
  readonly image: Repository | MappedRepositories;
};

/**
 * The files for one Secondary, in the order in which it verifies them. Call when the Primary's own full verification
 * has succeeded: what does not hold is not passed on. @throws MetadataError, StorageError
 */
export async function metadataForSecondary(
  ecu: SecondaryEcu,
  { director, image }: VerifiedRepositories,
  now: Instant,
  limits: Limits = DEFAULT_LIMITS,
): Promise<readonly MetadataFile[]> {
  const isPartial = ecu.verification === 'partial';
  // An original Director has neither Timestamp nor Snapshot: none is stored then.
  const roles: readonly StoredRole[] = isPartial ? ['targets'] : ['timestamp', 'snapshot', 'targets'];
  const files = filesOf('director', director, { ecu, limits, roles });
  // An ECU that verifies partially cannot compare its image with the Image repository: it is done here for it.
  const used = await rolesUsed(ecu, { director, image }, now, limits);
  if (isPartial) return files;
  for (const [name, repository] of repositoriesOf(image)) {
    const roles = used.get(name);
    if (roles !== undefined) files.push(...filesOf(name, repository, { ecu, limits, roles }));
  }
  return files;
}

/** By repository, the roles that the way to the ECU's image leads through; all top-level ones where there is no image. */
async function rolesUsed(
  ecu: SecondaryEcu,
  { director, image }: VerifiedRepositories,
  now: Instant,
  limits: Limits,
): Promise<ReadonlyMap<string, readonly StoredRole[]>> {
  const used = new Map<string, StoredRole[]>();
  const offers = storedOffers(ecu, director, limits);
  if (offers.length === 0) {
    for (const [name] of repositoriesOf(image)) used.set(name, ['timestamp', 'snapshot', 'targets']);
    return used;
  }
  const watched = watchingImages(image, (name, role) => {
    const roles = used.get(name) ?? [];
    used.set(name, roles);
    if (!roles.some((one) => isSameRole(one, role))) roles.push(role);
  });
  await compareImages(watched, offers, { now, limits, countersAre: 'unknown to the Director' });
  return used;
}

function storedOffers(ecu: SecondaryEcu, { store, dialect }: Repository, limits: Limits) {
  const stored = store.load('targets');
  if (stored === undefined) return [];
  const origin = {
    role: 'targets',
    repository: 'director',
    ...(dialect === undefined ? {} : { dialect }),
  } as const;
  const { targets } = parseTargets(parseEnvelope(stored, origin, limits), 'director');
  return readOffers(targets.values(), [ecu]);
}

type Watch = (repository: string, role: StoredRole) => void;

function watchingImages(
  image: Repository | MappedRepositories,
  watch: Watch,
): Repository | MappedRepositories {
  if (!('mapping' in image)) return watching('image', image, watch);
  const repositories = new Map(
    [...image.repositories].map(([name, one]): [string, Repository] => [name, watching(name, one, watch)]),
  );
  return { repositories, mapping: image.mapping };
}

/** The repository as it is stored, read alone. */
function watching(name: string, repository: Repository, watch: Watch): Repository {
  const { store } = repository;
  const watched: MetadataStore = {
    load(role) {
      if (role !== 'root') watch(name, role);
      return store.load(role);
    },
    loadRoot: (version) => store.loadRoot(version),
    save: () => undefined,
    saveRoot: () => undefined,
    remove: () => undefined,
    keepDelegations: () => undefined,
    flags: () => store.flags(),
  };
  return { ...repository, store: watched, source: storedSource(watched) };
}

type Wanted = { readonly ecu: SecondaryEcu; readonly limits: Limits; readonly roles: readonly StoredRole[] };

function filesOf(
  name: string,
  { store, dialect = UPTANE_DIALECT }: Repository,
  wanted: Wanted,
): MetadataFile[] {
  const files: MetadataFile[] = [];
  const newest = newestRoot(store, dialect, wanted.limits);
  for (let version = (wanted.ecu.roots?.get(name) ?? 0) + 1; version <= newest; version += 1) {
    const bytes = store.loadRoot(version);
    if (bytes !== undefined) files.push({ repository: name, role: 'root', version, bytes });
  }
  for (const role of wanted.roles) {
    const bytes = store.load(role);
    if (bytes !== undefined) files.push({ repository: name, role, bytes });
  }
  return files;
}

function newestRoot(store: MetadataStore, dialect: Dialect, limits: Limits): number {
  const stored = store.load('root');
  return stored === undefined
    ? 0
    : parseRoot(parseEnvelope(stored, { role: 'root', dialect }, limits)).version;
}

function repositoriesOf(image: Repository | MappedRepositories): ReadonlyMap<string, Repository> {
  return 'mapping' in image ? image.repositories : new Map([['image', image]]);
}
