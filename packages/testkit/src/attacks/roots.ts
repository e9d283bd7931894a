// Attacks on the chain of Roots.
import type { RepositoryName } from '@ota-connect/uptane';
import { fixedKeys } from '../fixed-keys.ts';
import type { RepositorySimulator } from '../repository-simulator.ts';
import type { SimulatedRepository } from '../simulated-repository.ts';
import { withMember, type SimulatedAttack } from './attack.ts';

type RootAttack = Omit<SimulatedAttack, 'group' | 'mutate'> & {
  readonly aim: (repository: SimulatedRepository) => Promise<void>;
};

const ON_EACH_REPOSITORY: readonly RootAttack[] = [
  {
    name: 'signed by the old keys alone',
    step: 'check_root/3',
    refusedAs: 'BadKeyId',
    aim: async ({ roles: { root } }) => {
      root.signWith = root.keys;
      root.keys = await fixedKeys('next root', 1);
    },
  },
  {
    name: 'signed by the new keys alone',
    step: 'check_root/3',
    refusedAs: 'BadKeyId',
    aim: async ({ roles: { root } }) => {
      root.keys = await fixedKeys('next root', 1);
      root.signWith = root.keys;
    },
  },
  {
    name: 'that skips a version under the right file name',
    step: 'check_root/4',
    refusedAs: 'RootRotationError',
    aim: async ({ roles: { root } }) => {
      root.edit = (signed) => withMember('version', root.version + 1)(signed);
    },
  },
  {
    name: 'that keeps the old version under the next file name',
    step: 'check_root/4',
    refusedAs: 'RootRotationError',
    aim: async ({ roles: { root } }) => {
      root.edit = (signed) => withMember('version', root.version - 1)(signed);
    },
  },
  {
    name: 'without a Targets role',
    step: 'check_root/3, 5.2.2-1',
    refusedAs: 'SecurityException::Root',
    aim: async ({ roles: { root } }) => {
      root.edit = withMember('roles', { root: { keyids: root.keys.map((key) => key.keyId), threshold: 1 } });
    },
  },
  {
    name: 'without keys',
    step: 'check_root/3, 5.2.2-1',
    refusedAs: 'SecurityException::Root',
    aim: async ({ roles: { root } }) => {
      root.edit = withMember('keys', undefined);
    },
  },
];

const onEachRepository: readonly SimulatedAttack[] = ON_EACH_REPOSITORY.flatMap(
  ({ name, step, refusedAs, aim }) =>
    (['director', 'image'] as const).map((repository) => ({
      name: `${repository} Root ${name}`,
      group: 'root rotation' as const,
      step,
      refusedAs,
      mutate: async (simulator: RepositorySimulator) => {
        simulator.offer('attack.bin');
        await aim(simulator.repository(repository));
        await simulator.repository(repository).publishRoot();
        await simulator.publish();
      },
    })),
);

/** The request for the next Root fails: that is not "there is none". */
const nextRootFails: readonly SimulatedAttack[] = (['director', 'image'] as const).map((repository) => ({
  name: `${repository} that answers a request for the next Root with a failure`,
  group: 'root rotation',
  step: 'check_root/2',
  refusedAs: `MetadataFetchFailure::Root::${titleOf(repository)}`,
  mutate: async (simulator) => {
    simulator.offer('attack.bin');
    await simulator.publish();
    const { roles, overrides } = simulator.repository(repository);
    overrides.set(`${roles.root.version + 1}.root.json`, new Error('500'));
  },
}));

const oversizedRoot: readonly SimulatedAttack[] = (['director', 'image'] as const).map((repository) => ({
  name: `${repository} Root that never ends`,
  group: 'root rotation',
  step: 'check_root/2',
  refusedAs: 'OversizedMetadata',
  mutate: async (simulator) => {
    simulator.offer('attack.bin');
    await simulator.publish();
    const { roles, overrides } = simulator.repository(repository);
    overrides.set(`${roles.root.version + 1}.root.json`, new Uint8Array(64 * 1024 + 1).fill(0x20));
  },
}));

/** Old Targets under a key that Root has since withdrawn. */
const revokedKey: readonly SimulatedAttack[] = (['director', 'image'] as const).map((repository) => ({
  name: `${repository} Targets signed by a key that Root withdrew`,
  group: 'root rotation',
  step: 'check_targets/3',
  refusedAs: 'BadKeyId',
  mutate: async (simulator) => {
    simulator.offer('attack.bin');
    const { roles } = simulator.repository(repository);
    roles.targets.signWith = roles.targets.keys;
    roles.targets.keys = await fixedKeys(`next ${repository} targets`, 1);
    await simulator.repository(repository).publishRoot();
    await simulator.publish();
  },
}));

export const rootAttacks: readonly SimulatedAttack[] = [
  ...onEachRepository,
  ...nextRootFails,
  ...oversizedRoot,
  ...revokedKey,
];

function titleOf(repository: RepositoryName): string {
  return repository === 'director' ? 'Director' : 'Image';
}
