// A TUF client over a repository in memory: its Root handed over, then refreshed as often as a test likes.
import assert from 'node:assert/strict';
import { MemoryMetadataStore, SIMULATED_NOW, TufRepository } from '@ota-connect/testkit';
import {
  addSeconds,
  checkFirstRoot,
  MetadataError,
  parseEnvelope,
  parseRoot,
  parseSnapshot,
  parseTargets,
  parseTimestamp,
  refreshRepository,
  TUF_DIALECT,
  TUF_LIMITS,
  type Instant,
  type JsonValue,
  type Limits,
  type RefreshedRepository,
  type TopLevelRole,
} from '../../src/index.ts';

export const NOW = SIMULATED_NOW;
export const A_YEAR = 365 * 86_400;
const READERS = {
  root: parseRoot,
  timestamp: parseTimestamp,
  snapshot: parseSnapshot,
  targets: parseTargets,
} as const;

export class TufClient {
  readonly store = new MemoryMetadataStore();
  readonly repository: TufRepository;

  /** It trusts the Root that the repository has now. */
  constructor(repository: TufRepository) {
    this.repository = repository;
    const bytes = repository.files.get(`${repository.roles.root.version}.root.json`) ?? new Uint8Array();
    const check = { repository: 'plain', limits: TUF_LIMITS, dialect: TUF_DIALECT } as const;
    this.store.save('root', bytes, checkFirstRoot(bytes, check).version);
  }

  refresh(now: Instant = NOW, limits?: Limits): Promise<RefreshedRepository> {
    const repository = {
      name: 'plain',
      source: this.repository.source,
      store: this.store,
      dialect: TUF_DIALECT,
    } as const;
    return refreshRepository(repository, now, limits);
  }

  /** What a refresh asks for. */
  async requests(now?: Instant): Promise<readonly string[]> {
    const before = this.repository.requests.length;
    await this.refresh(now);
    return this.repository.requests.slice(before);
  }

  async refuses(code: string, now?: Instant): Promise<MetadataError> {
    const error = await this.refresh(now).then(
      () => assert.fail(`nothing was refused, ${code} was expected`),
      (thrown: unknown) => thrown,
    );
    if (!(error instanceof MetadataError)) throw error;
    assert.equal(code.includes('::') ? error.wireCode : error.code, code, error.message);
    return error;
  }

  /** The version that it trusts; 0: none. */
  version(role: TopLevelRole): number {
    const bytes = this.store.load(role);
    if (bytes === undefined) return 0;
    return READERS[role](parseEnvelope(bytes, { role, dialect: TUF_DIALECT }), 'plain').version;
  }
}

/** A repository with one image, published, and a client of it that has not refreshed yet. */
export function newRepository(prepare: (repository: TufRepository) => void = () => undefined): {
  readonly repository: TufRepository;
  readonly client: TufClient;
} {
  const repository = new TufRepository(addSeconds(NOW, A_YEAR));
  repository.addImage('app.bin', new TextEncoder().encode('app'));
  prepare(repository);
  repository.publish();
  return { repository, client: new TufClient(repository) };
}

/** The same, refreshed once. */
export async function refreshed(prepare?: (repository: TufRepository) => void): Promise<{
  readonly repository: TufRepository;
  readonly client: TufClient;
}> {
  const world = newRepository(prepare);
  await world.client.refresh();
  return world;
}

export function without(object: Record<string, JsonValue>, name: string): Record<string, JsonValue> {
  return Object.fromEntries(Object.entries(object).filter(([other]) => other !== name));
}
