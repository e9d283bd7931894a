// Attacks on removable media: each is one change of the lockboxes, of the repositories or of what lies on the medium.
// Before it the device has taken an honest medium with the lockbox `honest`. client-protocol 12.3
import { addSeconds, jsonObject } from '@ota-connect/uptane';
import { fixedKey } from '../fixed-keys.ts';
import type { RepositorySimulator } from '../repository-simulator.ts';
import type { SimulatedLockboxes, SimulatedMedium } from '../simulated-lockboxes.ts';
import { withMember } from './attack.ts';

export type LockboxAttack = {
  readonly name: string;
  readonly refusedAs: string;
  /** Answers the medium that the device is given. */
  readonly mutate: (stage: LockboxStage) => Promise<SimulatedMedium>;
};

export type LockboxStage = {
  readonly simulator: RepositorySimulator;
  readonly lockboxes: SimulatedLockboxes;
  /** The honest one that was taken before. */
  readonly before: SimulatedMedium;
};

export const ATTACKED = 'attacked';

/** An honest new lockbox with an image for the Primary, not yet on a medium. */
export async function newLockbox({ simulator, lockboxes }: LockboxStage, name: string = ATTACKED) {
  const content = new TextEncoder().encode(`content of ${name}`);
  const target = simulator.addImage({ name: `${name}.bin`, content, hardwareIds: ['primary-hw'] });
  await simulator.image.publish();
  return lockboxes.put(name, [target]);
}

const SNAPSHOT = 'metadata/director/offline-snapshot.json';
const LOCKBOX = `metadata/director/${ATTACKED}.json`;

export const lockboxAttacks: readonly LockboxAttack[] = [
  {
    name: 'an offline-snapshot of strange keys',
    refusedAs: 'BadKeyId',
    async mutate(stage) {
      await newLockbox(stage);
      stage.lockboxes.snapshot.signWith = [await fixedKey('stranger')];
      return stage.lockboxes.fill();
    },
  },
  {
    name: 'an offline-snapshot that has expired',
    refusedAs: 'ExpiredMetadata::Offline-Snapshot',
    async mutate(stage) {
      await newLockbox(stage);
      stage.lockboxes.snapshot.expires = stage.simulator.now;
      return stage.lockboxes.fill();
    },
  },
  {
    name: 'an offline-snapshot in which a known lockbox goes back',
    refusedAs: 'Rollback',
    async mutate(stage) {
      const honest = stage.lockboxes.lockboxes.get('honest');
      if (honest !== undefined) honest.version -= 1;
      return stage.lockboxes.fill();
    },
  },
  {
    name: 'an old medium, whose lockbox has been replaced since',
    refusedAs: 'Rollback',
    async mutate(stage) {
      const lockbox = await newLockbox(stage);
      const old = await stage.lockboxes.fill([ATTACKED]);
      stage.lockboxes.put(ATTACKED, lockbox.targets);
      stage.before.files.set(SNAPSHOT, (await stage.lockboxes.fill()).files.get(SNAPSHOT) ?? NOTHING);
      return old;
    },
  },
  {
    name: 'an old medium, whose lockbox has been withdrawn since',
    refusedAs: 'Rollback',
    async mutate(stage) {
      await newLockbox(stage);
      const old = await stage.lockboxes.fill([ATTACKED]);
      stage.lockboxes.lockboxes.delete(ATTACKED);
      stage.before.files.set(SNAPSHOT, (await stage.lockboxes.fill()).files.get(SNAPSHOT) ?? NOTHING);
      return old;
    },
  },
  {
    name: 'a lockbox of strange keys',
    refusedAs: 'BadKeyId',
    async mutate(stage) {
      const lockbox = await newLockbox(stage);
      lockbox.signWith = [await fixedKey('stranger')];
      return stage.lockboxes.fill([ATTACKED]);
    },
  },
  {
    name: 'a lockbox of the keys of Targets, which are online',
    refusedAs: 'BadKeyId',
    async mutate(stage) {
      const lockbox = await newLockbox(stage);
      lockbox.signWith = stage.simulator.director.roles.targets.keys;
      return stage.lockboxes.fill([ATTACKED]);
    },
  },
  {
    name: 'a lockbox that has expired',
    refusedAs: 'ExpiredMetadata::Offline-Updates',
    async mutate(stage) {
      const lockbox = await newLockbox(stage);
      lockbox.expires = stage.simulator.now;
      return stage.lockboxes.fill([ATTACKED]);
    },
  },
  {
    name: 'a lockbox exchanged on the medium',
    refusedAs: 'MetadataHashMismatch::Offline-Updates',
    async mutate(stage) {
      const lockbox = await newLockbox(stage);
      const other = await stage.lockboxes.fill([ATTACKED]);
      lockbox.expires = addSeconds(lockbox.expires, 1);
      const medium = await stage.lockboxes.fill([ATTACKED]);
      medium.files.set(LOCKBOX, other.files.get(LOCKBOX) ?? NOTHING);
      return medium;
    },
  },
  {
    name: 'a lockbox of another version than the offline-snapshot lists',
    refusedAs: 'VersionMismatch::Offline-Updates',
    async mutate(stage) {
      const lockbox = await newLockbox(stage);
      stage.lockboxes.listHashes = false;
      lockbox.edit = withMember('version', lockbox.version + 1);
      return stage.lockboxes.fill([ATTACKED]);
    },
  },
  {
    name: 'Targets of the Director in the place of a lockbox',
    refusedAs: 'SecurityException::Offline-Updates',
    async mutate(stage) {
      await newLockbox(stage);
      stage.lockboxes.listHashes = false;
      const medium = await stage.lockboxes.fill([ATTACKED]);
      medium.files.set(LOCKBOX, stage.simulator.director.files.get('targets.json') ?? NOTHING);
      return medium;
    },
  },
  {
    name: 'a Root without the role of lockboxes',
    refusedAs: 'SecurityException::Root',
    async mutate(stage) {
      await newLockbox(stage);
      const { director } = stage.simulator;
      director.offlineRoles = new Map([['offline-snapshot', stage.lockboxes.snapshot]]);
      await director.publishRoot();
      return stage.lockboxes.fill([ATTACKED]);
    },
  },
  {
    name: 'a Root without the role of the offline-snapshot',
    refusedAs: 'SecurityException::Root',
    async mutate(stage) {
      await newLockbox(stage);
      const { director } = stage.simulator;
      director.offlineRoles = new Map([['offline-updates', stage.lockboxes.updates]]);
      await director.publishRoot();
      return stage.lockboxes.fill([ATTACKED]);
    },
  },
  {
    name: 'a Root that its predecessor has not signed',
    refusedAs: 'BadKeyId',
    async mutate(stage) {
      await newLockbox(stage);
      const { director } = stage.simulator;
      director.roles.root.signWith = [await fixedKey('stranger')];
      await director.publishRoot();
      return stage.lockboxes.fill([ATTACKED]);
    },
  },
  {
    name: 'a lockbox for other hardware',
    refusedAs: 'BadHardwareId',
    async mutate(stage) {
      const { simulator, lockboxes } = stage;
      const content = new TextEncoder().encode('for others');
      const target = simulator.addImage({ name: 'others.bin', content, hardwareIds: ['other-hw'] });
      await simulator.image.publish();
      lockboxes.put(ATTACKED, [target]);
      return lockboxes.fill([ATTACKED]);
    },
  },
  {
    name: 'a lockbox for another vehicle',
    refusedAs: 'BadEcuId',
    async mutate(stage) {
      const lockbox = await newLockbox(stage);
      lockbox.custom = jsonObject([['vehicleId', 'another-vehicle']]);
      return stage.lockboxes.fill([ATTACKED]);
    },
  },
  {
    name: 'a lockbox with two images for one ECU',
    refusedAs: 'DirectorRepeatedEcuId',
    async mutate(stage) {
      const lockbox = await newLockbox(stage);
      lockbox.targets.push(...(await newLockbox(stage, 'second')).targets);
      stage.lockboxes.lockboxes.delete('second');
      return stage.lockboxes.fill([ATTACKED]);
    },
  },
  {
    name: 'a lockbox that delegates',
    refusedAs: 'DirectorDelegation',
    async mutate(stage) {
      const lockbox = await newLockbox(stage);
      lockbox.edit = withMember('delegations', jsonObject([['roles', [jsonObject([])]]]));
      return stage.lockboxes.fill([ATTACKED]);
    },
  },
  {
    name: 'an image that the Image repository does not list',
    refusedAs: 'TargetMismatch',
    async mutate(stage) {
      await newLockbox(stage);
      stage.simulator.image.targets.delete(`${ATTACKED}.bin`);
      await stage.simulator.image.publish();
      return stage.lockboxes.fill([ATTACKED]);
    },
  },
  {
    name: 'an image that the Image repository lists with other content',
    refusedAs: 'TargetMismatch',
    async mutate(stage) {
      await newLockbox(stage);
      const content = new TextEncoder().encode('other content');
      stage.simulator.addImage({ name: `${ATTACKED}.bin`, content, hardwareIds: ['primary-hw'] });
      await stage.simulator.image.publish();
      return stage.lockboxes.fill([ATTACKED]);
    },
  },
  {
    name: 'old Targets of the Image repository beside a new Snapshot',
    refusedAs: 'MetadataHashMismatch::Targets',
    async mutate(stage) {
      await newLockbox(stage);
      const medium = await stage.lockboxes.fill([ATTACKED]);
      const path = 'metadata/image-repo/targets.json';
      medium.files.set(path, stage.before.files.get(path) ?? NOTHING);
      return medium;
    },
  },
  {
    name: 'metadata of the Image repository of old, which lack the image',
    refusedAs: 'TargetMismatch',
    async mutate(stage) {
      await newLockbox(stage);
      const medium = await stage.lockboxes.fill([ATTACKED]);
      for (const [path, bytes] of stage.before.files)
        if (path.startsWith('metadata/image-repo/')) medium.files.set(path, bytes);
      return medium;
    },
  },
  {
    name: 'an Image repository whose Snapshot has expired',
    refusedAs: 'ExpiredMetadata::Snapshot',
    async mutate(stage) {
      stage.simulator.image.roles.snapshot.expires = stage.simulator.now;
      await newLockbox(stage);
      return stage.lockboxes.fill([ATTACKED]);
    },
  },
  {
    name: 'an endless lockbox',
    refusedAs: 'OversizedMetadata::Offline-Updates',
    async mutate(stage) {
      await newLockbox(stage);
      const medium = await stage.lockboxes.fill([ATTACKED]);
      medium.files.set(LOCKBOX, new Uint8Array(1024 * 1024 + 1));
      return medium;
    },
  },
  {
    name: 'an endless offline-snapshot',
    refusedAs: 'OversizedMetadata::Offline-Snapshot',
    async mutate(stage) {
      await newLockbox(stage);
      const medium = await stage.lockboxes.fill([ATTACKED]);
      medium.files.set(SNAPSHOT, new Uint8Array(64 * 1024 + 1));
      return medium;
    },
  },
  ...['../../etc/shadow', '.hidden', 'a:b', 'a/b', ''].map((name): LockboxAttack => ({
    name: `an offline-snapshot that names a lockbox "${name}"`,
    refusedAs: 'SecurityException::Offline-Snapshot',
    async mutate(stage) {
      stage.lockboxes.put(name, (await newLockbox(stage)).targets);
      return stage.lockboxes.fill([ATTACKED]);
    },
  })),
  {
    name: 'a medium with an offline-snapshot and no lockbox',
    refusedAs: 'MetadataFetchFailure::Offline-Updates::Director',
    async mutate(stage) {
      await newLockbox(stage);
      return stage.lockboxes.fill([]);
    },
  },
  {
    name: 'a medium without an offline-snapshot',
    refusedAs: 'MetadataFetchFailure::Offline-Snapshot::Director',
    async mutate(stage) {
      await newLockbox(stage);
      const medium = await stage.lockboxes.fill();
      medium.files.delete(SNAPSHOT);
      return medium;
    },
  },
];

const NOTHING = new Uint8Array();
