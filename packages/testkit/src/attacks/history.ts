// Attacks that bring back the past or stop time: rollback, release counters, freeze.
import { addSeconds, jsonObject } from '@ota-connect/uptane';
import type { RepositorySimulator } from '../repository-simulator.ts';
import {
  ALL_SLOTS,
  DELEGATED,
  offerDelegated,
  offerFor,
  republish,
  roleAt,
  withMember,
  withNested,
  type SimulatedAttack,
} from './attack.ts';

const rollback = (name: string, step: string, mutate: SimulatedAttack['mutate']): SimulatedAttack => ({
  name,
  group: 'rollback',
  step,
  refusedAs: 'Rollback',
  mutate,
});

/** Publishes what is signed with lower versions than a client has seen. */
async function goBack(
  simulator: RepositorySimulator,
  roles: readonly ('targets' | 'snapshot' | 'timestamp')[],
) {
  simulator.offer('attack.bin');
  for (const role of roles) simulator.image.roles[role].version -= 2;
  await simulator.publish();
}

const imageRollbacks: readonly SimulatedAttack[] = [
  rollback('Image repository Timestamp that goes back', 'check_timestamp/3', (s) => goBack(s, ['timestamp'])),
  rollback('Image repository Snapshot that goes back under a newer Timestamp', 'check_timestamp/3', (s) =>
    goBack(s, ['snapshot']),
  ),
  rollback('Image repository Targets that go back, listed so by a newer Snapshot', 'check_snapshot/5', (s) =>
    goBack(s, ['targets']),
  ),
  rollback(
    'Image repository Targets that go back, listed so without hashes',
    'check_snapshot/5',
    async (simulator) => {
      simulator.image.listHashes = false;
      await goBack(simulator, ['targets']);
    },
  ),
  rollback('whole older state of the Image repository', 'check_timestamp/3', async (simulator) => {
    simulator.offer('attack.bin');
    await simulator.publish();
    simulator.image.replay(0);
  }),
  rollback('Snapshot that lists a role no longer', 'check_snapshot/6', async (simulator) => {
    simulator.offer('attack.bin');
    simulator.image.roles.snapshot.edit = withMember('meta', { 'root.json': { version: 1 } });
    await simulator.publish();
  }),
];

const directorRollbacks: readonly SimulatedAttack[] = [
  rollback('Director Targets that go back', 'check_snapshot/5', async (simulator) => {
    simulator.offer('attack.bin');
    simulator.director.roles.targets.version -= 2;
    await simulator.publish();
  }),
  rollback('Director Timestamp that goes back', 'check_timestamp/3', async (simulator) => {
    simulator.offer('attack.bin');
    simulator.director.roles.timestamp.version -= 2;
    await simulator.publish();
  }),
  rollback('Director Snapshot that goes back', 'check_timestamp/3', async (simulator) => {
    simulator.offer('attack.bin');
    simulator.director.roles.snapshot.version -= 2;
    await simulator.publish();
  }),
  rollback('whole older state of the Director', 'check_timestamp/3', async (simulator) => {
    simulator.offer('attack.bin');
    await simulator.publish();
    simulator.director.replay(0);
  }),
];

/** Versions that are none, where a client could compare them wrongly. */
const oddVersions: readonly SimulatedAttack[] = [
  ['0', 0],
  ['-1', -1],
  ['text', '7'],
  ['null', null],
].flatMap(([title, version]) =>
  ALL_SLOTS.filter((slot) => slot.role !== 'delegated').map((slot) => ({
    name: `${slot.title} whose version is ${title}`,
    group: 'rollback' as const,
    step: `${slot.signatureStep}, 5.2.1-5`,
    refusedAs: `SecurityException::${slot.codeName}`,
    mutate: async (simulator: RepositorySimulator) => {
      await offerFor(simulator, slot);
      roleAt(simulator, slot).edit = withMember('version', version ?? null);
      await republish(simulator, slot);
    },
  })),
);

const counters: readonly SimulatedAttack[] = [
  {
    name: 'image whose release counter differs between the repositories',
    group: 'rollback',
    step: 'full_verification/13',
    refusedAs: 'ReleaseCounter',
    mutate: async (simulator) => {
      const custom = jsonObject([['releaseCounter', 5]]);
      const content = new TextEncoder().encode('counted');
      const target = simulator.addImage({
        name: 'counted.bin',
        content,
        hardwareIds: ['primary-hw'],
        custom,
      });
      simulator.assign(target, undefined, jsonObject([['releaseCounter', 6]]));
      await simulator.publish();
    },
  },
  {
    name: 'image whose release counter is negative',
    group: 'rollback',
    step: 'full_verification/14',
    refusedAs: 'SecurityException::Targets',
    mutate: async (simulator) => {
      const custom = jsonObject([['releaseCounter', -5]]);
      const content = new TextEncoder().encode('counted');
      const target = simulator.addImage({
        name: 'counted.bin',
        content,
        hardwareIds: ['primary-hw'],
        custom,
      });
      simulator.assign(target, undefined, custom);
      await simulator.publish();
    },
  },
];

const EXPIRY_STEP = {
  root: 'check_root/6',
  timestamp: 'check_timestamp/4',
  snapshot: 'check_snapshot/7',
  targets: 'check_targets/5',
};

const expired: readonly SimulatedAttack[] = ALL_SLOTS.flatMap((slot) =>
  (
    [
      ['expired', -1],
      ['that expires this very second', 0],
    ] as const
  ).map(([title, seconds]) => ({
    name: `${slot.title} ${title}`,
    group: 'freeze' as const,
    step: slot.role === 'delegated' ? 'check_targets/5' : EXPIRY_STEP[slot.role],
    refusedAs: slot.role === 'delegated' ? 'TargetMismatch' : `ExpiredMetadata::${slot.codeName}`,
    mutate: async (simulator: RepositorySimulator) => {
      await offerFor(simulator, slot);
      roleAt(simulator, slot).expires = addSeconds(simulator.now, seconds);
      await republish(simulator, slot);
    },
  })),
);

const oddExpiries: readonly SimulatedAttack[] = [
  '2031-01-01T00:00:00+00:00',
  '2031-01-01T00:00:00.000Z',
  '2031-01-01 00:00:00Z',
  '2031-06-30T23:59:60Z',
  '2031-02-29T00:00:00Z',
  '99999-01-01T00:00:00Z',
  '2031-01-01T00:00:00z',
  '',
].map((text) => ({
  name: `Timestamp that expires at "${text}"`,
  group: 'freeze',
  step: 'check_timestamp/4, 5.2.1-4',
  refusedAs: 'SecurityException::Timestamp',
  mutate: async (simulator) => {
    simulator.offer('attack.bin');
    simulator.image.roles.timestamp.edit = withMember('expires', text);
    await simulator.publish();
  },
}));

const delegatedHistory: readonly SimulatedAttack[] = [
  rollback(
    'Snapshot that lists a lower version of a delegated role',
    'check_snapshot/5',
    async (simulator) => {
      simulator.offer('attack.bin');
      const [delegation] = simulator.image.delegations;
      if (delegation !== undefined) delegation.version = 1;
      await simulator.publish();
    },
  ),
  rollback('Snapshot that lists a delegated role no longer', 'check_snapshot/6', async (simulator) => {
    simulator.offer('attack.bin');
    simulator.image.roles.snapshot.edit = withNested(['meta', `${DELEGATED}.json`], undefined);
    await simulator.publish();
  }),
];

/** Called before the client's first cycle for attacks on a delegated role's history. */
export async function prepareDelegatedHistory(simulator: RepositorySimulator): Promise<void> {
  const delegation = await offerDelegated(simulator);
  delegation.version = 5;
  simulator.director.targets.clear();
}

export const historyAttacks: readonly SimulatedAttack[] = [
  ...imageRollbacks,
  ...directorRollbacks,
  ...oddVersions,
  ...counters,
  ...expired,
  ...oddExpiries,
];
/** After `prepareDelegatedHistory`. */
export const delegatedHistoryAttacks: readonly SimulatedAttack[] = delegatedHistory;
