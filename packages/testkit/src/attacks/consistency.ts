// Attacks that mix files of different times or kinds, that leave files out, and that send what is no metadata.
import type { RepositorySimulator } from '../repository-simulator.ts';
import {
  ALL_SLOTS,
  DELEGATED,
  offerDelegated,
  offerFor,
  republish,
  roleAt,
  SLOTS,
  withMember,
  withNested,
} from './attack.ts';
import type { SimulatedAttack, Slot } from './attack.ts';

const listings: readonly SimulatedAttack[] = [
  {
    name: 'Snapshot that is not the one Timestamp lists',
    group: 'mix-and-match',
    step: 'check_snapshot/2',
    refusedAs: 'MetadataHashMismatch::Snapshot',
    mutate: async (simulator) => {
      simulator.offer('attack.bin');
      simulator.image.roles.timestamp.edit = withNested(['meta', 'snapshot.json', 'hashes'], {
        sha256: '00'.repeat(32),
      });
      await simulator.publish();
    },
  },
  {
    name: 'Snapshot of which one of two listed hashes is wrong',
    group: 'mix-and-match',
    step: 'check_snapshot/2',
    refusedAs: 'MetadataHashMismatch::Snapshot',
    mutate: async (simulator) => {
      simulator.offer('attack.bin');
      simulator.image.roles.timestamp.edit = withNested(
        ['meta', 'snapshot.json', 'hashes', 'sha512'],
        '00'.repeat(64),
      );
      await simulator.publish();
    },
  },
  {
    name: 'Timestamp that lists no known hash of Snapshot',
    group: 'mix-and-match',
    step: 'check_timestamp/2, 5.2.5-2',
    refusedAs: 'SecurityException::Timestamp',
    mutate: async (simulator) => {
      simulator.offer('attack.bin');
      simulator.image.roles.timestamp.edit = withNested(['meta', 'snapshot.json', 'hashes'], {
        md5: '00'.repeat(16),
      });
      await simulator.publish();
    },
  },
  {
    name: 'Snapshot longer than Timestamp lists',
    group: 'mix-and-match',
    step: 'check_snapshot/1',
    refusedAs: 'OversizedMetadata',
    mutate: async (simulator) => {
      simulator.offer('attack.bin');
      simulator.image.roles.timestamp.edit = withNested(['meta', 'snapshot.json', 'length'], 10);
      await simulator.publish();
    },
  },
  {
    name: 'Snapshot of another version than Timestamp lists',
    group: 'mix-and-match',
    step: 'check_snapshot/2',
    refusedAs: 'VersionMismatch::Snapshot',
    mutate: async (simulator) => {
      simulator.offer('attack.bin');
      simulator.image.roles.timestamp.edit = withNested(['meta', 'snapshot.json', 'version'], 99);
      await simulator.publish();
    },
  },
  {
    name: 'Targets that are not those Snapshot lists',
    group: 'mix-and-match',
    step: 'check_targets/2',
    refusedAs: 'MetadataHashMismatch::Targets',
    mutate: async (simulator) => {
      simulator.offer('attack.bin');
      simulator.image.roles.snapshot.edit = withNested(['meta', 'targets.json', 'hashes'], {
        sha256: '00'.repeat(32),
      });
      await simulator.publish();
    },
  },
  {
    name: 'Targets of another version than Snapshot lists',
    group: 'mix-and-match',
    step: 'check_targets/2',
    refusedAs: 'VersionMismatch::Targets',
    mutate: async (simulator) => {
      simulator.offer('attack.bin');
      simulator.image.roles.snapshot.edit = withNested(['meta', 'targets.json', 'version'], 99);
      await simulator.publish();
    },
  },
  {
    name: 'Director Targets of another version than its Snapshot lists',
    group: 'mix-and-match',
    step: 'check_targets/2',
    refusedAs: 'VersionMismatch::Targets',
    mutate: async (simulator) => {
      simulator.offer('attack.bin');
      simulator.director.roles.snapshot.edit = withNested(['meta', 'targets.json', 'version'], 99);
      await simulator.publish();
    },
  },
  {
    name: 'older Director Targets under the newest Snapshot',
    group: 'mix-and-match',
    step: 'check_targets/2',
    refusedAs: 'MetadataHashMismatch::Targets',
    mutate: async (simulator) => {
      simulator.offer('attack.bin');
      await simulator.publish();
      simulator.director.replay(0, 'targets.json');
    },
  },
  {
    name: 'older Snapshot under the newest Timestamp',
    group: 'mix-and-match',
    step: 'check_snapshot/2',
    refusedAs: 'MetadataHashMismatch::Snapshot',
    mutate: async (simulator) => {
      simulator.offer('attack.bin');
      await simulator.publish();
      simulator.image.replay(0, 'snapshot.json');
    },
  },
  {
    name: 'older Targets under the newest Snapshot',
    group: 'mix-and-match',
    step: 'check_targets/2',
    refusedAs: 'MetadataHashMismatch::Targets',
    mutate: async (simulator) => {
      simulator.offer('attack.bin');
      await simulator.publish();
      simulator.image.replay(0, 'targets.json');
    },
  },
];

const wrongTypes: readonly SimulatedAttack[] = ALL_SLOTS.map((slot) => ({
  name: `${slot.title} that says it is another role`,
  group: 'mix-and-match',
  step: `${slot.signatureStep}, 5.2.1-3`,
  refusedAs: `SecurityException::${slot.codeName}`,
  mutate: async (simulator) => {
    await offerFor(simulator, slot);
    roleAt(simulator, slot).edit = withMember('_type', slot.role === 'snapshot' ? 'Timestamp' : 'Snapshot');
    await republish(simulator, slot);
  },
}));

const MALFORMED: readonly (readonly [string, string])[] = [
  ['empty', ''],
  ['text that is no JSON', 'no'],
  ['JSON that is no object', '[]'],
  ['an object without anything', '{}'],
  ['half an object', '{"signatures":[],"signed":{'],
  ['an object with a name twice', '{"signatures":[],"signatures":[],"signed":{}}'],
  ['nested beyond reason', '['.repeat(200)],
  ['signed by a list of nothing over nothing', '{"signatures":[],"signed":null}'],
];

const malformedFiles: readonly SimulatedAttack[] = MALFORMED.flatMap(([title, text]) =>
  SLOTS.map((slot) => ({
    name: `${slot.title} that is ${title}`,
    group: 'malformed' as const,
    step: slot.signatureStep,
    refusedAs: `SecurityException::${slot.codeName}`,
    mutate: async (simulator: RepositorySimulator) => {
      await offerFor(simulator, slot);
      await simulator.publish();
      simulator
        .repository(slot.repository)
        .overrides.set(pathOf(simulator, slot), new TextEncoder().encode(text));
    },
  })),
);

const FIELDS: readonly (readonly [Slot['role'], readonly string[]])[] = [
  ['root', ['roles']],
  ['root', ['expires']],
  ['timestamp', ['meta']],
  ['timestamp', ['meta', 'snapshot.json']],
  ['timestamp', ['meta', 'snapshot.json', 'length']],
  ['timestamp', ['expires']],
  ['snapshot', ['meta']],
  ['snapshot', ['meta', 'targets.json', 'version']],
  ['targets', ['targets']],
  ['targets', ['version']],
];

const missingFields: readonly SimulatedAttack[] = FIELDS.flatMap(([role, path]) =>
  SLOTS.filter((slot) => slot.role === role).map((slot) => ({
    name: `${slot.title} without ${path.join('.')}`,
    group: 'malformed' as const,
    step: `${slot.signatureStep}, 5.2.1-7`,
    refusedAs: `SecurityException::${slot.codeName}`,
    mutate: async (simulator: RepositorySimulator) => {
      await offerFor(simulator, slot);
      roleAt(simulator, slot).edit = withNested(path, undefined);
      await republish(simulator, slot);
    },
  })),
);

/** Files of the Image repository that it says it does not have, and a Director that drops roles it served before. */
const absent: readonly SimulatedAttack[] = SLOTS.filter((slot) => slot.role !== 'root').map((slot) => ({
  name: `${slot.title} that is absent`,
  group: 'mix-and-match',
  step: slot.signatureStep.replace(/\d$/, '1'),
  refusedAs: absentCode(slot),
  mutate: async (simulator) => {
    simulator.offer('attack.bin');
    await simulator.publish();
    simulator.repository(slot.repository).overrides.set(pathOf(simulator, slot), 'absent');
  },
}));

const delegated: readonly SimulatedAttack[] = [
  {
    name: 'delegated role that Snapshot does not list',
    group: 'delegations',
    step: 'check_targets/2',
    refusedAs: `VersionMismatch::${DELEGATED}`,
    mutate: async (simulator) => {
      await offerDelegated(simulator);
      simulator.image.roles.snapshot.edit = withNested(['meta', `${DELEGATED}.json`], undefined);
      await simulator.publish();
    },
  },
  {
    name: 'delegated role of another version than Snapshot lists',
    group: 'delegations',
    step: 'check_targets/2',
    refusedAs: `VersionMismatch::${DELEGATED}`,
    mutate: async (simulator) => {
      await offerDelegated(simulator);
      simulator.image.roles.snapshot.edit = withNested(['meta', `${DELEGATED}.json`, 'version'], 9);
      await simulator.publish();
    },
  },
  {
    name: 'delegated role that is not the file Snapshot lists',
    group: 'delegations',
    step: 'check_targets/2',
    refusedAs: `DelegationHashMismatch::${DELEGATED}`,
    mutate: async (simulator) => {
      await offerDelegated(simulator);
      simulator.image.roles.snapshot.edit = withNested(['meta', `${DELEGATED}.json`, 'hashes'], {
        sha256: '00'.repeat(32),
      });
      await simulator.publish();
    },
  },
  {
    name: 'delegated role that is absent',
    group: 'delegations',
    step: 'resolve_delegations/2',
    refusedAs: `DelegationMissing::${DELEGATED}`,
    mutate: async (simulator) => {
      await offerDelegated(simulator);
      await simulator.publish();
      simulator.image.overrides.set(`delegations/${DELEGATED}.json`, 'absent');
    },
  },
];

export const consistencyAttacks: readonly SimulatedAttack[] = [
  ...listings,
  ...wrongTypes,
  ...malformedFiles,
  ...missingFields,
  ...absent,
  ...delegated,
];

function pathOf(simulator: RepositorySimulator, slot: Slot): string {
  const next = simulator.repository(slot.repository).roles.root.version + 1;
  return slot.role === 'root' ? `${next}.root.json` : `${slot.role}.json`;
}

function absentCode(slot: Slot): string {
  if (slot.repository === 'image') return `MetadataFetchFailure::${slot.codeName}::Image`;
  return slot.role === 'targets'
    ? 'MetadataFetchFailure::Targets::Director'
    : `DroppedRole::${slot.codeName}`;
}
