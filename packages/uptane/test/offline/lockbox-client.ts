// A device that is given media: what it knows of the repositories online and of lockboxes, and one look at a medium.
import assert from 'node:assert/strict';
import {
  MemoryMetadataStore,
  RepositorySimulator,
  type SimulatedLockboxes,
  type SimulatedMedium,
} from '@ota-connect/testkit';
import {
  fullVerification,
  MetadataError,
  offlineVerification,
  secureImageRoot,
  storedLockbox,
  storedSource,
  type Instant,
  type OfflineRole,
  type OfflineStore,
  type OfflineVerdict,
  type Vehicle,
} from '../../src/index.ts';

export class LockboxClient {
  readonly director = new MemoryMetadataStore();
  readonly online = new MemoryMetadataStore();
  readonly medium = new MemoryMetadataStore();
  readonly documents = new Map<OfflineRole, Uint8Array>();
  readonly simulator: RepositorySimulator;
  vehicle: Vehicle;

  constructor(simulator: RepositorySimulator) {
    this.simulator = simulator;
    this.vehicle = { ...simulator.vehicle, ids: new Set(['this-vehicle']) };
  }

  get store(): OfflineStore {
    return {
      load: (role) => this.documents.get(role),
      save: (role, bytes) => void this.documents.set(role, bytes.slice()),
    };
  }

  /** As a device that was online once, with nothing to install. */
  async meetServers(now: Instant = this.simulator.now): Promise<void> {
    const { director, image } = this.simulator;
    const online = { name: 'image', source: image.source, store: this.online } as const;
    await fullVerification(
      this.vehicle,
      { name: 'director', source: director.source, store: this.director },
      online,
      now,
    );
    await secureImageRoot(online, now);
    this.#shareRoots();
  }

  async look(medium: SimulatedMedium, now: Instant = this.simulator.now): Promise<OfflineVerdict> {
    try {
      return await offlineVerification(
        this.vehicle,
        {
          director: { name: 'director', source: medium.directorRoots, store: this.director },
          lockboxes: medium.lockboxes,
          store: this.store,
          image: {
            medium: { name: 'image', source: medium.image, store: this.medium },
            online: this.online,
          },
        },
        now,
      );
    } finally {
      this.#shareRoots();
    }
  }

  /** The recheck, without the medium. */
  again(name: string, now: Instant = this.simulator.now): Promise<OfflineVerdict> {
    return offlineVerification(
      this.vehicle,
      {
        director: { name: 'director', source: storedSource(this.director), store: this.director },
        lockboxes: storedLockbox(this.store, name),
        store: this.store,
        image: {
          medium: { name: 'image', source: storedSource(this.medium), store: this.medium },
          online: this.online,
        },
      },
      now,
    );
  }

  /** What is refused, whether the whole medium is or its only lockbox. */
  async refuses(medium: SimulatedMedium, code: string, now?: Instant): Promise<MetadataError> {
    const error = await this.look(medium, now).then(
      ({ lockboxes, passedOver }) => {
        assert.deepEqual(
          lockboxes.filter(({ targets }) => targets.length > 0),
          [],
        );
        return passedOver.at(-1)?.error ?? assert.fail(`nothing was refused, ${code} was expected`);
      },
      (thrown: unknown) => thrown,
    );
    if (!(error instanceof MetadataError)) throw error;
    assert.equal(code.includes('::') ? error.wireCode : error.code, code, error.message);
    return error;
  }

  #shareRoots(): void {
    for (let version = 1; version < 20; version += 1) {
      const root = this.online.loadRoot(version) ?? this.medium.loadRoot(version);
      if (root === undefined) continue;
      this.online.save('root', root, version);
      this.medium.save('root', root, version);
    }
  }
}

/** A device that was online once and has looked at an honest medium; the lockbox `honest` has its second version. */
export async function honestMedium(): Promise<{
  readonly simulator: RepositorySimulator;
  readonly lockboxes: SimulatedLockboxes;
  readonly client: LockboxClient;
  readonly before: SimulatedMedium;
}> {
  const simulator = await RepositorySimulator.create();
  const lockboxes = await simulator.signLockboxes();
  const client = new LockboxClient(simulator);
  await client.meetServers();
  const content = new TextEncoder().encode('honest');
  const target = simulator.addImage({ name: 'honest.bin', content, hardwareIds: ['primary-hw'] });
  await simulator.publish();
  lockboxes.put('honest', [target]);
  lockboxes.put('honest', [target]);
  const before = await lockboxes.fill();
  const { lockboxes: found } = await client.look(before);
  assert.equal(found[0]?.targets[0]?.name, 'honest.bin');
  const honest = found[0];
  if (honest !== undefined) client.store.save('offline-updates', honest.received);
  return { simulator, lockboxes, client, before };
}
