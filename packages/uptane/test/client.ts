// A verifying client over a simulator, and the run that every attack gets: honest state, attack, refusal, honest again.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import {
  MemoryMetadataStore,
  PRIMARY,
  RepositorySimulator,
  type SimulatedAttack,
} from '@ota-connect/testkit';
import {
  addSeconds,
  fullVerification,
  MetadataError,
  parseEnvelope,
  parseRoot,
  storedSource,
} from '../src/index.ts';
import type { Instant, Vehicle, Verdict, VerifiedTarget } from '../src/index.ts';

export class TestClient {
  readonly director = new MemoryMetadataStore();
  readonly image = new MemoryMetadataStore();
  readonly simulator: RepositorySimulator;
  vehicle: Vehicle;

  constructor(simulator: RepositorySimulator) {
    this.simulator = simulator;
    this.vehicle = simulator.vehicle;
  }

  verify(now: Instant = this.simulator.now): Promise<Verdict> {
    const { director, image } = this.simulator;
    return fullVerification(
      this.vehicle,
      { name: 'director', source: director.source, store: this.director },
      { name: 'image', source: image.source, store: this.image },
      now,
    );
  }

  /** Without the network. */
  verifyStored(now: Instant = this.simulator.now): Promise<Verdict> {
    return fullVerification(
      this.vehicle,
      { name: 'director', source: storedSource(this.director), store: this.director },
      { name: 'image', source: storedSource(this.image), store: this.image },
      now,
    );
  }

  async updates(now?: Instant): Promise<readonly VerifiedTarget[]> {
    const verdict = await this.verify(now);
    return verdict.kind === 'updates' ? verdict.targets : [];
  }

  async refuses(code: string, now?: Instant): Promise<MetadataError> {
    const error = await this.verify(now).then(
      () => assert.fail(`nothing was refused, ${code} was expected`),
      (thrown: unknown) => thrown,
    );
    if (!(error instanceof MetadataError)) throw error;
    const found = code.includes('::') ? error.wireCode : error.code;
    assert.equal(found, code, error.message);
    return error;
  }

  /** The Primary runs this image from now on. */
  installs(target: { name: string; lengthBytes: number; hashes: object; releaseCounter?: number }): void {
    const ecus = this.vehicle.ecus.map((ecu) =>
      ecu.serial === PRIMARY.serial ? { ...ecu, installed: target } : ecu,
    );
    this.vehicle = { ...this.vehicle, ecus };
  }
}

/** A simulator with one honest image on offer, and a client that has verified it. */
export async function honestStart(
  prepare: (simulator: RepositorySimulator) => Promise<void> | void = () => undefined,
): Promise<{ simulator: RepositorySimulator; client: TestClient }> {
  const simulator = await RepositorySimulator.create();
  await prepare(simulator);
  simulator.offer('honest.bin');
  for (let state = 0; state < 3; state += 1) await simulator.publish();
  const client = new TestClient(simulator);
  // A wrong offer of `prepare` would hide behind the attack.
  assert.ok((await client.updates()).length > 0);
  simulator.director.targets.clear();
  return { simulator, client };
}

export function itRefuses(
  attack: SimulatedAttack,
  prepare?: (simulator: RepositorySimulator) => Promise<void> | void,
): void {
  it(`refuses: ${attack.name} [${attack.step}]`, async () => {
    const { simulator, client } = await honestStart(prepare);
    await attack.mutate(simulator);
    await client.refuses(attack.refusedAs);
    await goesOn(simulator, client);
  });
}

/** Whatever was refused, a client takes honest metadata afterwards. */
export async function goesOn(simulator: RepositorySimulator, client: TestClient): Promise<void> {
  const expires = addSeconds(simulator.now, 86_400);
  await simulator.director.heal(rootVersion(client.director), expires);
  await simulator.image.heal(rootVersion(client.image), expires);
  simulator.director.targets.clear();
  simulator.offer('after.bin');
  await simulator.publish();
  const [target] = await client.updates();
  assert.equal(target?.name, 'after.bin');
}

function rootVersion(store: MemoryMetadataStore): number {
  const stored = store.load('root');
  return stored === undefined ? 0 : parseRoot(parseEnvelope(stored, { role: 'root' })).version;
}
