// A Secondary that verifies over what a Primary hands to it, and the Primary: a client that has verified the same before.
import assert from 'node:assert/strict';
import {
  MemoryMetadataStore,
  SECONDARY,
  type RepositorySimulator,
  type SimulatedRepository,
} from '@ota-connect/testkit';
import {
  bundleSource,
  fullVerification,
  metadataForSecondary,
  MetadataError,
  parseEnvelope,
  parseRoot,
  partialVerification,
} from '../src/index.ts';
import type {
  Instant,
  MetadataFile,
  MetadataStore,
  PartialVerdict,
  Vehicle,
  VehicleEcu,
  Verdict,
  VerifiedTarget,
} from '../src/index.ts';
import type { TestClient } from './client.ts';

export class SecondaryClient {
  readonly director = new MemoryMetadataStore();
  readonly image = new MemoryMetadataStore();
  readonly primary: TestClient;
  readonly now: Instant;
  ecu: VehicleEcu = SECONDARY;
  options: Pick<Vehicle, 'ids' | 'directorFullRoles'> = {};

  constructor(primary: TestClient) {
    this.primary = primary;
    this.now = primary.simulator.now;
    provisionRoot(this.director, primary.simulator.director);
    provisionRoot(this.image, primary.simulator.image);
  }

  /** What the Primary sends to this Secondary, once its own verification has succeeded. */
  async bundle(verification: 'full' | 'partial' = 'full'): Promise<readonly MetadataFile[]> {
    await this.primary.verify();
    return this.stored(verification);
  }

  /** The same from what the Primary has, verified or not. */
  stored(
    verification: 'full' | 'partial' = 'full',
    ecu: VehicleEcu = this.ecu,
  ): Promise<readonly MetadataFile[]> {
    const { director, image } = this.primary;
    const repositories = {
      director: { name: 'director', source: { fetch: noNetwork }, store: director },
      image: { name: 'image', source: { fetch: noNetwork }, store: image },
    } as const;
    const roots = new Map([
      ['director', rootVersion(this.director)],
      ['image', rootVersion(this.image)],
    ]);
    return metadataForSecondary({ ...ecu, verification, roots }, repositories, this.now);
  }

  verify(files: readonly MetadataFile[]): Promise<Verdict> {
    return fullVerification(
      { ...this.options, ecus: [this.ecu], role: 'secondary' },
      { name: 'director', source: bundleSource(files, 'director'), store: this.director },
      { name: 'image', source: bundleSource(files, 'image'), store: this.image },
      this.now,
    );
  }

  verifyPartially(files: readonly MetadataFile[]): Promise<PartialVerdict> {
    const director = {
      name: 'director',
      source: bundleSource(files, 'director'),
      store: this.director,
    } as const;
    return partialVerification(this.ecu, director, this.now, this.options);
  }

  async updates(files: readonly MetadataFile[]): Promise<readonly VerifiedTarget[]> {
    const verdict = await this.verify(files);
    return verdict.kind === 'updates' ? verdict.targets : [];
  }

  async refuses(files: readonly MetadataFile[], code: string): Promise<MetadataError> {
    return refusal(this.verify(files), code);
  }
}

/** The first Root, as an ECU has it from its maker. */
export function provisionRoot(store: MetadataStore, { files }: Pick<SimulatedRepository, 'files'>): void {
  const root = files.get('1.root.json');
  assert.ok(root);
  store.save('root', root, 1);
}

/** The error with which a verification ends. */
export async function refusal(verification: Promise<unknown>, code: string): Promise<MetadataError> {
  const error = await verification.then(
    () => assert.fail(`nothing was refused, ${code} was expected`),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof MetadataError)) throw error;
  assert.equal(code.includes('::') ? error.wireCode : error.code, code, error.message);
  return error;
}

/** `director/2.root`, `image/targets`, `image/delegation supplier`. */
export function titlesOf(files: readonly MetadataFile[]): readonly string[] {
  return files.map(({ repository, role, version }) => {
    const name = typeof role === 'string' ? role : `delegation ${role.delegation}`;
    return `${repository}/${version === undefined ? '' : `${version}.`}${name}`;
  });
}

export function withoutFile(files: readonly MetadataFile[], title: string): readonly MetadataFile[] {
  const titles = titlesOf(files);
  assert.ok(titles.includes(title), titles.join(', '));
  return files.filter((_, index) => titles[index] !== title);
}

/** One bundle with the file of that title taken from another. */
export function withFileOf(
  files: readonly MetadataFile[],
  title: string,
  other: readonly MetadataFile[],
): readonly MetadataFile[] {
  return [...withoutFile(files, title), ...other.filter((_, index) => titlesOf(other)[index] === title)];
}

/** An offer to the Secondary, listed by the Image repository's Targets. */
export function offerToSecondary(simulator: RepositorySimulator, name: string): void {
  simulator.director.targets.clear();
  simulator.offer(name, name, [SECONDARY]);
}

function rootVersion(store: MemoryMetadataStore): number {
  const stored = store.load('root');
  return stored === undefined ? 0 : parseRoot(parseEnvelope(stored, { role: 'root' })).version;
}

async function noNetwork(): Promise<never> {
  assert.fail('the network was asked');
}
