// A verifying client with a repository mapping, over a simulator and further Image repositories beside its own.
import assert from 'node:assert/strict';
import { MemoryMetadataStore, RepositorySimulator, type SimulatedRepository } from '@ota-connect/testkit';
import {
  fullVerification,
  MetadataError,
  parseRepositoryMapping,
  type MappedRepositories,
  type MappingEntry,
  type Verdict,
} from '../src/index.ts';

export class MappedClient {
  readonly simulator: RepositorySimulator;
  /** By their names in the mapping. */
  readonly sources: ReadonlyMap<string, SimulatedRepository>;
  readonly stores: ReadonlyMap<string, MemoryMetadataStore>;
  readonly director = new MemoryMetadataStore();
  entries: readonly MappingEntry[];

  private constructor(
    simulator: RepositorySimulator,
    sources: ReadonlyMap<string, SimulatedRepository>,
    entries: readonly MappingEntry[],
  ) {
    this.simulator = simulator;
    this.sources = sources;
    this.stores = new Map([...sources.keys()].map((name) => [name, new MemoryMetadataStore()]));
    this.entries = entries;
  }

  /** Repositories `image` and, with keys and history of their own, `others`. */
  static async create(entries: readonly MappingEntry[], others: readonly string[]): Promise<MappedClient> {
    const simulator = await RepositorySimulator.create();
    const sources = new Map([['image', simulator.image]]);
    for (const name of others) sources.set(name, (await RepositorySimulator.create()).image);
    return new MappedClient(simulator, sources, entries);
  }

  repository(name: string): SimulatedRepository {
    const found = this.sources.get(name);
    assert.ok(found);
    return found;
  }

  mapped(): MappedRepositories {
    const urls = ['director', ...this.sources.keys()].map((name) => [name, [`https://${name}/`]]);
    const document = { repositories: Object.fromEntries(urls), mapping: this.entries };
    const repositories = [...this.sources].map(([name, { source }]) => {
      const store = this.stores.get(name) ?? new MemoryMetadataStore();
      return [name, { name: 'image', source, store }] as const;
    });
    return {
      repositories: new Map(repositories),
      mapping: parseRepositoryMapping(new TextEncoder().encode(JSON.stringify(document))),
    };
  }

  async publish(): Promise<void> {
    for (const source of this.sources.values()) await source.publish();
    await this.simulator.director.publish();
  }

  verify(): Promise<Verdict> {
    const { director, now, vehicle } = this.simulator;
    const repository = { name: 'director', source: director.source, store: this.director } as const;
    return fullVerification(vehicle, repository, this.mapped(), now);
  }

  async names(): Promise<readonly string[]> {
    const verdict = await this.verify();
    return verdict.kind === 'updates' ? verdict.targets.map(({ name }) => name) : [];
  }

  async refuses(code: string): Promise<MetadataError> {
    const error = await this.verify().then(
      () => assert.fail(`nothing was refused, ${code} was expected`),
      (thrown: unknown) => thrown,
    );
    if (!(error instanceof MetadataError)) throw error;
    assert.equal(error.code, code, error.message);
    return error;
  }
}
