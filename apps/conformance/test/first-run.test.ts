// The faults of each file in the very first state that a client sees, when nothing is stored and the first Root is
// trusted on first use: the grid of the upstream vectors.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  ALL_SLOTS,
  fixedKey,
  fixedKeys,
  PRIMARY,
  roleAt,
  withNested,
  withSignatures,
  type RepositorySimulator,
  type SimulatedRole,
  type Slot,
} from '@ota-connect/testkit';
import { addSeconds } from '@ota-connect/uptane';
import { filesIn } from './served.ts';
import { withVehicle } from './uptane-vehicle.ts';

const NAME = 'supplied/app.bin';
const LANDED = 'supplied%2Fapp.bin';

const FAULTS: readonly {
  readonly name: string;
  readonly code: (slot: Slot) => string;
  readonly aim: (role: SimulatedRole, simulator: RepositorySimulator, slot: Slot) => Promise<void> | void;
}[] = [
  {
    name: 'is unsigned',
    code: ({ codeName }) => `UnmetThreshold::${codeName}`,
    aim: (role) => {
      role.signWith = [];
    },
  },
  {
    name: 'is signed by one key for a threshold of two',
    code: ({ codeName }) => `UnmetThreshold::${codeName}`,
    aim: async (role) => {
      role.keys = await fixedKeys('unmet', 2);
      role.threshold = 2;
      role.signWith = role.keys.slice(0, 1);
    },
  },
  {
    name: 'has a threshold of zero',
    code: ({ codeName }) => `IllegalThreshold::${codeName}`,
    aim: (_role, simulator, slot) => {
      const { roles, delegations } = simulator.repository(slot.repository);
      if (slot.role !== 'delegated') roles.root.edit = withNested(['roles', slot.role, 'threshold'], 0);
      else for (const delegation of delegations) delegation.threshold = 0;
    },
  },
  {
    name: 'is signed twice by one key',
    code: ({ codeName }) => `NonUniqueSignatures::${codeName}`,
    aim: (role) => {
      role.forge = withSignatures((all) => [...all, ...all]);
    },
  },
  {
    name: 'is signed under a key id that is not the key’s',
    code: () => 'BadKeyId',
    aim: (role) => {
      role.forge = withSignatures((all) => all.map((one) => ({ ...one, keyid: 'ab'.repeat(32) })));
    },
  },
  {
    name: 'has a key that is listed under another id',
    code: () => 'BadKeyId',
    aim: async (role, simulator, slot) => {
      const key = await fixedKey('misplaced');
      role.keys = [key];
      const definer = definerOf(simulator, slot);
      const keys = slot.role === 'delegated' ? ['delegations', 'keys'] : ['keys'];
      const value = { keytype: 'ED25519', keyval: { public: key.publicKey.keyval.public } };
      definer.edit = (signed) =>
        withNested([...keys, 'ab'.repeat(32)], value)(withNested([...keys, key.keyId], undefined)(signed));
    },
  },
  {
    name: 'has expired',
    code: ({ role, codeName }) => (role === 'delegated' ? 'TargetMismatch' : `ExpiredMetadata::${codeName}`),
    aim: (role, simulator) => {
      role.expires = addSeconds(simulator.now, -1);
    },
  },
];

function definerOf(simulator: RepositorySimulator, { repository, role }: Slot): SimulatedRole {
  const { roles } = simulator.repository(repository);
  return role === 'delegated' ? roles.targets : roles.root;
}

async function offerThroughDelegation(simulator: RepositorySimulator): Promise<void> {
  const delegation = await simulator.delegate('supplier', ['supplied/*']);
  const content = new TextEncoder().encode('app');
  simulator.assign(
    simulator.addDelegatedImage(delegation, { name: NAME, content, hardwareIds: [PRIMARY.hardwareId] }),
  );
}

/** All of it anew, from Root 1 on. */
async function publishFirst(simulator: RepositorySimulator): Promise<void> {
  for (const { roles, files } of [simulator.director, simulator.image]) {
    files.clear();
    for (const role of Object.values(roles)) role.version = 0;
  }
  await simulator.publish();
}

const slots = ALL_SLOTS.filter(
  ({ repository, role }) => repository === 'image' || role === 'root' || role === 'targets',
);

describe('uptane-client, first run', () => {
  it('takes an honest state: both repositories verified, the image there', () =>
    withVehicle(async (vehicle) => {
      await offerThroughDelegation(vehicle.simulator);
      await publishFirst(vehicle.simulator);
      await vehicle.takes(LANDED);
      assert.deepEqual(vehicle.simulator.director.requests, [
        '1.root.json',
        '2.root.json',
        'timestamp.json',
        'targets.json',
      ]);
      assert.deepEqual(vehicle.simulator.image.requests, [
        '1.root.json',
        '2.root.json',
        'timestamp.json',
        'snapshot.json',
        'targets.json',
        'delegations/supplier.json',
      ]);
    }));

  for (const slot of slots)
    for (const { name, code, aim } of FAULTS)
      it(`refuses all, when ${slot.title} ${name}`, () =>
        withVehicle(async (vehicle) => {
          const { simulator, storage } = vehicle;
          await offerThroughDelegation(simulator);
          await aim(roleAt(simulator, slot), simulator, slot);
          await publishFirst(simulator);
          await vehicle.refuses(code(slot));
          const refused =
            slot.role === 'delegated'
              ? 'image/delegations/supplier.json'
              : `${slot.repository}/${slot.role === 'root' ? '1.root' : slot.role}.json`;
          // A delegated role of which the delegator says something impossible is never asked for.
          // An expired Root is a step to the next one, and kept.
          if (name !== 'has expired' || slot.role !== 'root') assert.ok(!filesIn(storage).has(refused));
        }));
});
