// A Director that signs lockboxes, and the media that it fills: edit lockboxes, then `fill` one. A medium is its files by
// path, to be changed by an attacker, read as sources of metadata, or written to a folder. client-protocol 12.1, 12.2
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  addSeconds,
  hashBytes,
  nextLockbox,
  nextOfflineSnapshot,
  type FileListing,
  type Instant,
  type JsonObject,
  type LockboxSource,
  type MetadataSource,
  type NextTarget,
} from '@ota-connect/uptane';
import { fixedKey } from './fixed-keys.ts';
import type { RepositorySimulator } from './repository-simulator.ts';
import { sign, type SimulatedRole } from './simulated-repository.ts';

export type SimulatedLockbox = SimulatedRole & {
  targets: NextTarget[];
  custom?: JsonObject;
};

const DAY = 86_400;

export class SimulatedLockboxes {
  readonly snapshot: SimulatedRole;
  readonly updates: SimulatedRole;
  readonly lockboxes = new Map<string, SimulatedLockbox>();
  /** Whether the offline-snapshot lists hashes and lengths. */
  listHashes = true;
  readonly #simulator: RepositorySimulator;

  private constructor(simulator: RepositorySimulator, snapshot: SimulatedRole, updates: SimulatedRole) {
    this.#simulator = simulator;
    this.snapshot = snapshot;
    this.updates = updates;
  }

  static async create(simulator: RepositorySimulator): Promise<SimulatedLockboxes> {
    const role = async (name: string): Promise<SimulatedRole> => ({
      keys: [await fixedKey(name)],
      threshold: 1,
      version: 0,
      expires: addSeconds(simulator.now, 30 * DAY),
    });
    return new SimulatedLockboxes(
      simulator,
      await role('director offline-snapshot'),
      await role('director offline-updates'),
    );
  }

  get roles(): ReadonlyMap<string, SimulatedRole> {
    return new Map([
      ['offline-snapshot', this.snapshot],
      ['offline-updates', this.updates],
    ]);
  }

  /** A lockbox with these targets, or its next version. */
  put(name: string, targets: readonly NextTarget[], expires?: Instant): SimulatedLockbox {
    const before = this.lockboxes.get(name);
    const lockbox: SimulatedLockbox = {
      ...(before ?? this.updates),
      version: (before?.version ?? 0) + 1,
      targets: [...targets],
      ...(expires === undefined ? {} : { expires }),
    };
    this.lockboxes.set(name, lockbox);
    return lockbox;
  }

  /** Signs everything anew and copies it, with the Image repository as published last, onto a medium. */
  async fill(names: Iterable<string> = this.lockboxes.keys()): Promise<SimulatedMedium> {
    const medium = new SimulatedMedium();
    const { director, image, images } = this.#simulator;
    const listings = new Map<string, FileListing>();
    const carried = new Set(names);
    for (const [name, { targets, custom, ...role }] of this.lockboxes) {
      const header = { version: role.version, expires: role.expires };
      const unsigned = nextLockbox({ ...header, targets, ...(custom === undefined ? {} : { custom }) });
      const bytes = await sign(role, unsigned);
      const { version } = role;
      const listing = { version, lengthBytes: bytes.byteLength, hashes: hashBytes(bytes) };
      listings.set(name, this.listHashes ? listing : { version });
      if (carried.has(name)) medium.files.set(`metadata/director/${name}.json`, bytes);
    }
    this.snapshot.version += 1;
    const { version, expires } = this.snapshot;
    const snapshot = await sign(
      this.snapshot,
      nextOfflineSnapshot({ version, expires, lockboxes: listings }),
    );
    medium.files.set('metadata/director/offline-snapshot.json', snapshot);
    for (const [path, bytes] of director.files)
      if (/^\d+\.root\.json$/.test(path)) medium.files.set(`metadata/director/${path}`, bytes);
    for (const [path, bytes] of image.files)
      medium.files.set(`metadata/image-repo/${path.replace('delegations/', '')}`, bytes);
    for (const [name, content] of images) medium.files.set(`images/${name}`, content);
    return medium;
  }
}

export class SimulatedMedium {
  /** By path below the medium's folder. */
  readonly files = new Map<string, Uint8Array>();

  readonly directorRoots: MetadataSource = {
    fetch: async ({ role, version }) =>
      (role === 'root' ? this.files.get(`metadata/director/${version}.root.json`) : undefined) ?? 'absent',
  };

  readonly lockboxes: LockboxSource = {
    fetch: async ({ fileName }) => this.files.get(`metadata/director/${fileName}`) ?? 'absent',
  };

  readonly image: MetadataSource = {
    fetch: async ({ role, version }) => {
      const name = typeof role === 'object' ? encodeURIComponent(role.delegation) : role;
      const file = role === 'root' ? `${version}.root.json` : `${name}.json`;
      return this.files.get(`metadata/image-repo/${file}`) ?? 'absent';
    },
  };

  /** Puts the files there, beside what lies there already. */
  writeTo(folder: string): void {
    for (const [path, bytes] of this.files) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), bytes);
    }
  }
}
