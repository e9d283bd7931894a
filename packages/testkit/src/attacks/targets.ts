// Attacks on what is to be installed where: Director against Image repository, ECUs, delegations.
import {
  jsonObject,
  parseEcuSerial,
  parseHardwareId,
  type JsonObject,
  type NextTarget,
} from '@ota-connect/uptane';
import { PRIMARY, SECONDARY, type RepositorySimulator } from '../repository-simulator.ts';
import { offerDelegated, withMember, type SimulatedAttack } from './attack.ts';

type Change = (target: NextTarget) => NextTarget;

const WRONG_HASH: Change = (target) => ({
  ...target,
  hashes: { sha256: '00'.repeat(32), sha512: '00'.repeat(64) },
});
const SECOND_HASH: Change = (target) => ({
  ...target,
  hashes: { ...target.hashes, sha512: '00'.repeat(64) },
});
const LONGER: Change = (target) => ({ ...target, lengthBytes: target.lengthBytes + 1 });
const SHORTER: Change = (target) => ({ ...target, lengthBytes: target.lengthBytes - 1 });

const DIFFERENCES: readonly (readonly [string, Change, string])[] = [
  ['other hashes', WRONG_HASH, 'full_verification/12'],
  ['one other hash of two', SECOND_HASH, 'full_verification/12'],
  ['a greater length', LONGER, 'full_verification/12'],
  ['a smaller length', SHORTER, 'full_verification/12'],
];

const differences: readonly SimulatedAttack[] = DIFFERENCES.flatMap(([title, change, step]) =>
  (['director', 'image'] as const).map((repository) => ({
    name: `image of which the ${repository} alone says ${title}`,
    group: 'targets' as const,
    step,
    refusedAs: 'TargetMismatch',
    mutate: async (simulator: RepositorySimulator) => {
      simulator.offer('attack.bin');
      editTarget(simulator, repository, change);
      await simulator.publish();
    },
  })),
);

const noCommonHash: SimulatedAttack = {
  name: 'image for which the repositories list no hash in common',
  group: 'targets',
  step: 'full_verification/12',
  refusedAs: 'TargetMismatch',
  mutate: async (simulator) => {
    simulator.offer('attack.bin');
    editTarget(simulator, 'director', (target) => ({
      ...target,
      hashes: { sha256: target.hashes.sha256 ?? '' },
    }));
    editTarget(simulator, 'image', (target) => ({
      ...target,
      hashes: { sha512: target.hashes.sha512 ?? '' },
    }));
    await simulator.publish();
  },
};

const hardware: readonly SimulatedAttack[] = [
  {
    name: 'Director that takes an ECU for other hardware',
    group: 'targets',
    step: 'check_targets/8, 5.4.3.4-2',
    refusedAs: 'BadHardwareId',
    mutate: async (simulator) => {
      const target = simulator.offer('attack.bin');
      simulator.assign(target, [{ serial: PRIMARY.serial, hardwareId: parseHardwareId('other-hw') }]);
      await simulator.publish();
    },
  },
  {
    name: 'image that the Image repository has for other hardware',
    group: 'targets',
    step: 'full_verification/13',
    refusedAs: 'TargetMismatch',
    mutate: async (simulator) => {
      simulator.offer('attack.bin');
      editTarget(simulator, 'image', (target) => withCustom(target, { hardwareIds: ['other-hw'] }));
      await simulator.publish();
    },
  },
  {
    name: 'image that the Image repository has for no hardware at all',
    group: 'targets',
    step: 'full_verification/13',
    refusedAs: 'TargetMismatch',
    mutate: async (simulator) => {
      simulator.offer('attack.bin');
      editTarget(simulator, 'image', (target) => ({ ...target, custom: jsonObject([]) }));
      await simulator.publish();
    },
  },
  {
    name: 'image that fits one of the two ECUs the Director names',
    group: 'targets',
    step: 'full_verification/13',
    refusedAs: 'TargetMismatch',
    mutate: async (simulator) => {
      const target = simulator.offer('attack.bin');
      simulator.assign(target, [PRIMARY, SECONDARY]);
      await simulator.publish();
    },
  },
  {
    name: 'both repositories agreeing on an image for other hardware than the ECU has',
    group: 'targets',
    step: 'check_targets/8',
    refusedAs: 'BadHardwareId',
    mutate: async (simulator) => {
      simulator.offer('attack.bin', 'attack', [
        { serial: PRIMARY.serial, hardwareId: parseHardwareId('other-hw') },
      ]);
      await simulator.publish();
    },
  },
];

const ecus: readonly SimulatedAttack[] = [
  {
    name: 'Director that names an ECU which is not in the vehicle',
    group: 'targets',
    step: 'check_targets/8',
    refusedAs: 'BadEcuId',
    mutate: async (simulator) => {
      const target = simulator.offer('attack.bin');
      simulator.assign(target, [
        PRIMARY,
        { serial: parseEcuSerial('stranger'), hardwareId: PRIMARY.hardwareId },
      ]);
      await simulator.publish();
    },
  },
  {
    name: 'Director that names one ECU for two images',
    group: 'targets',
    step: 'check_targets/7',
    refusedAs: 'DirectorRepeatedEcuId',
    mutate: async (simulator) => {
      simulator.offer('attack.bin');
      simulator.offer('attack-2.bin');
      await simulator.publish();
    },
  },
  {
    name: 'Targets of another vehicle’s Director replayed',
    group: 'targets',
    step: 'check_targets/8',
    refusedAs: 'BadEcuId',
    mutate: async (simulator) => {
      simulator.offer('attack.bin', 'x', [
        { serial: parseEcuSerial('vehicle-b'), hardwareId: PRIMARY.hardwareId },
      ]);
      await simulator.publish();
    },
  },
  {
    name: 'Director that delegates',
    group: 'targets',
    step: 'check_targets/6',
    refusedAs: 'DirectorDelegation',
    mutate: async (simulator) => {
      simulator.offer('attack.bin');
      const role = { name: 'x', keyids: [], threshold: 1, paths: ['*'], terminating: false };
      simulator.director.roles.targets.edit = withMember('delegations', { keys: {}, roles: [role] });
      await simulator.publish();
    },
  },
];

const known: readonly SimulatedAttack[] = [
  {
    name: 'image that the Image repository does not have',
    group: 'targets',
    step: 'full_verification/11',
    refusedAs: 'TargetMismatch',
    mutate: async (simulator) => {
      simulator.offer('attack.bin');
      simulator.image.targets.delete('attack.bin');
      await simulator.publish();
    },
  },
  {
    name: 'custom field that must match and does not',
    group: 'targets',
    step: 'full_verification/13',
    refusedAs: 'TargetMismatch',
    mutate: async (simulator) => {
      simulator.offer('attack.bin');
      editTarget(simulator, 'image', (target) =>
        withCustom(target, { mustMatch: ['variant'], variant: 'eu' }),
      );
      editTarget(simulator, 'director', (target) => withCustom(target, { variant: 'us' }));
      await simulator.publish();
    },
  },
  {
    name: 'custom field that must match as the Director alone says, and does not',
    group: 'targets',
    step: 'full_verification/13',
    refusedAs: 'TargetMismatch',
    mutate: async (simulator) => {
      simulator.offer('attack.bin');
      editTarget(simulator, 'image', (target) => withCustom(target, { variant: 'eu' }));
      editTarget(simulator, 'director', (target) =>
        withCustom(target, { mustMatch: ['variant'], variant: 'us' }),
      );
      await simulator.publish();
    },
  },
];

const delegations: readonly SimulatedAttack[] = [
  {
    name: 'delegated role that lists an image outside its paths',
    group: 'delegations',
    step: 'resolve_delegations/5',
    refusedAs: 'TargetMismatch',
    mutate: async (simulator) => {
      await offerDelegated(simulator, 'elsewhere/app.bin');
      await simulator.publish();
    },
  },
  {
    name: 'delegated role that is empty',
    group: 'delegations',
    step: 'resolve_delegations/6',
    refusedAs: 'TargetMismatch',
    mutate: async (simulator) => {
      (await offerDelegated(simulator)).targets.clear();
      await simulator.publish();
    },
  },
  {
    name: 'delegated role that lists the image with other hashes',
    group: 'delegations',
    step: 'full_verification/12',
    refusedAs: 'TargetMismatch',
    mutate: async (simulator) => {
      const { targets } = await offerDelegated(simulator);
      for (const [name, target] of targets) targets.set(name, WRONG_HASH(target));
      await simulator.publish();
    },
  },
  {
    name: 'later role that agrees with the Director where an earlier role says other hashes',
    group: 'delegations',
    step: 'resolve_delegations/3',
    refusedAs: 'TargetMismatch',
    mutate: async (simulator) => {
      const first = await offerDelegated(simulator);
      const later = await simulator.delegate('later', ['supplied/*']);
      for (const [name, target] of first.targets) {
        later.targets.set(name, target);
        first.targets.set(name, WRONG_HASH(target));
      }
      await simulator.publish();
    },
  },
  {
    name: 'delegated role that agrees with the Director where top-level Targets say other hashes',
    group: 'delegations',
    step: 'resolve_delegations/3',
    refusedAs: 'TargetMismatch',
    mutate: async (simulator) => {
      const { targets } = await offerDelegated(simulator);
      for (const [name, target] of targets) simulator.image.targets.set(name, WRONG_HASH(target));
      await simulator.publish();
    },
  },
  {
    name: 'sibling that has the image after a terminating role without it',
    group: 'delegations',
    step: 'resolve_delegations/4',
    refusedAs: 'TargetMismatch',
    mutate: async (simulator) => {
      const first = await offerDelegated(simulator);
      const later = await simulator.delegate('later', ['supplied/*']);
      for (const [name, target] of first.targets) later.targets.set(name, target);
      first.targets.clear();
      first.terminating = true;
      await simulator.publish();
    },
  },
  {
    name: 'delegation that may speak for other hardware alone',
    group: 'delegations',
    step: 'resolve_delegations/5',
    refusedAs: 'TargetMismatch',
    mutate: async (simulator) => {
      (await offerDelegated(simulator)).hardwareIds = ['other-hw'];
      await simulator.publish();
    },
  },
  ...['targets', 'Snapshot', ''].map((name): SimulatedAttack => ({
    name: `delegated role named "${name}"`,
    group: 'delegations',
    step: 'resolve_delegations/1',
    refusedAs: 'SecurityException::Targets',
    mutate: async (simulator) => {
      simulator.offer('attack.bin');
      const role = { name, keyids: [], threshold: 1, paths: ['*'], terminating: false };
      simulator.image.roles.targets.edit = withMember('delegations', { keys: {}, roles: [role] });
      await simulator.publish();
    },
  })),
];

export const targetAttacks: readonly SimulatedAttack[] = [
  ...differences,
  noCommonHash,
  ...hardware,
  ...ecus,
  ...known,
];
export const delegationAttacks: readonly SimulatedAttack[] = delegations;

function editTarget(simulator: RepositorySimulator, repository: 'director' | 'image', change: Change): void {
  const { targets } = simulator.repository(repository);
  const target = targets.get('attack.bin');
  if (target !== undefined) targets.set(target.name, change(target));
}

function withCustom(target: NextTarget, custom: JsonObject): NextTarget {
  return { ...target, custom: jsonObject(Object.entries({ ...target.custom, ...custom })) };
}
