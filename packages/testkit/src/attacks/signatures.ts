// Attacks on signatures, keys and thresholds, on every file of both repositories.
import { parseKeyId, type JsonValue, type TopLevelRole } from '@ota-connect/uptane';
import { fixedKey, fixedKeys, underKeyId, type TestKey } from '../fixed-keys.ts';
import type { RepositorySimulator } from '../repository-simulator.ts';
import {
  ALL_SLOTS,
  DELEGATED,
  giveKeys,
  offerDelegated,
  offerFor,
  republish,
  roleAt,
  SLOTS,
  withNested,
  withSignatures,
  type SimulatedAttack,
  type Slot,
} from './attack.ts';

// A public key alone; it was made for this and signs nothing.
const WEAK_RSA = `-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCZRUFkrau5hGb+zER3kLd9wA56
G6977QuIJhFwOMhrSSD5nxRtLJTxeaKCdnaUUmvIXZTDh4rvDnxybV+TsQ6gVKxs
naIEZ63W8fteLe06nlGIAFacDl1WloCrG34JxW4REkRnujikprpcsQVszQ4WrLyo
AJfP2oVBiTEiFyLwMQIDAQAB
-----END PUBLIC KEY-----
`;

type Aim = (simulator: RepositorySimulator, slot: Slot) => Promise<void> | void;

const ON_EVERY_FILE: readonly { name: string; refusedAs: (slot: Slot) => string; aim: Aim }[] = [
  {
    name: 'without any signature',
    refusedAs: (slot) => `UnmetThreshold::${slot.codeName}`,
    aim: (simulator, slot) => {
      roleAt(simulator, slot).signWith = [];
    },
  },
  {
    name: 'signed by fewer keys than the threshold',
    refusedAs: (slot) => `UnmetThreshold::${slot.codeName}`,
    aim: async (simulator, slot) => {
      const keys = await fixedKeys(`threshold ${slot.title}`, 2);
      const before = slot.role === 'root' ? roleAt(simulator, slot).keys : [];
      await setKeys(simulator, slot, keys, 2);
      roleAt(simulator, slot).signWith = [...before, ...keys.slice(0, 1)];
    },
  },
  {
    name: 'signed twice by one key id',
    refusedAs: (slot) => `NonUniqueSignatures::${slot.codeName}`,
    aim: (simulator, slot) => {
      roleAt(simulator, slot).forge = withSignatures((signatures) => [...signatures, ...signatures]);
    },
  },
  {
    name: 'signed under an unknown key id',
    refusedAs: () => 'BadKeyId',
    aim: (simulator, slot) => {
      roleAt(simulator, slot).forge = withSignatures((all) =>
        all.map((one) => ({ ...one, keyid: 'ff'.repeat(32) })),
      );
    },
  },
  {
    name: 'signed by a key that is nobody’s',
    refusedAs: () => 'BadKeyId',
    aim: async (simulator, slot) => {
      roleAt(simulator, slot).signWith = [await fixedKey('stranger')];
    },
  },
  {
    name: 'with a well-formed signature that is wrong',
    refusedAs: () => 'BadKeyId',
    aim: (simulator, slot) => {
      roleAt(simulator, slot).forge = withSignatures((all) =>
        all.map((one) => ({ ...one, sig: new Uint8Array(64).fill(7).toBase64() })),
      );
    },
  },
  {
    name: 'with the empty string for a signature',
    refusedAs: () => 'BadKeyId',
    aim: (simulator, slot) => {
      roleAt(simulator, slot).forge = withSignatures((all) => all.map((one) => ({ ...one, sig: '' })));
    },
  },
  {
    name: 'signed with a method nobody knows',
    refusedAs: (slot) => `SecurityException::${slot.codeName}`,
    aim: (simulator, slot) => {
      roleAt(simulator, slot).forge = withSignatures((all) => all.map((one) => ({ ...one, method: 'md5' })));
    },
  },
  {
    name: 'said to be RSA over an Ed25519 key',
    refusedAs: () => 'BadKeyId',
    aim: (simulator, slot) => {
      roleAt(simulator, slot).forge = withSignatures((all) =>
        all.map((one) => ({ ...one, method: 'rsassa-pss' })),
      );
    },
  },
  {
    name: 'signed by one key under two ids for a threshold of two',
    refusedAs: (slot) => `UnmetThreshold::${slot.codeName}`,
    aim: async (simulator, slot) => {
      const key = await fixedKey(`twin ${slot.title}`);
      await setKeys(simulator, slot, [key, underKeyId(key, parseKeyId('aa'.repeat(32)))], 2);
    },
  },
];

const THRESHOLDS: readonly (readonly [string, number | string])[] = [
  ['zero', 0],
  ['negative', -1],
  ['beyond reason', 1001],
  ['text', '1'],
];

/** The keys of a slot's role, made known to clients by honest means; Root states its own. */
async function setKeys(
  simulator: RepositorySimulator,
  slot: Slot,
  keys: readonly TestKey[],
  threshold: number,
): Promise<void> {
  const role = roleAt(simulator, slot);
  role.keys = keys;
  role.threshold = threshold;
  if (slot.role === 'delegated' || slot.role === 'root') return;
  await giveKeys(simulator.repository(slot.repository), slot.role, keys, threshold);
}

const onEveryFile: readonly SimulatedAttack[] = ON_EVERY_FILE.flatMap(({ name, refusedAs, aim }) =>
  ALL_SLOTS.map((slot) => ({
    name: `${slot.title} ${name}`,
    group: 'signatures' as const,
    step: slot.signatureStep,
    refusedAs: refusedAs(slot),
    mutate: async (simulator: RepositorySimulator) => {
      await offerFor(simulator, slot);
      await aim(simulator, slot);
      await republish(simulator, slot);
    },
  })),
);

const badThresholds: readonly SimulatedAttack[] = THRESHOLDS.flatMap(([title, threshold]) =>
  SLOTS.map((slot) => ({
    name: `${slot.repository} Root that states a threshold for ${slot.codeName} that is ${title}`,
    group: 'signatures' as const,
    step: 'check_root/3, 5.2.2-2',
    refusedAs: `IllegalThreshold::${slot.codeName}`,
    mutate: async (simulator: RepositorySimulator) => {
      const repository = simulator.repository(slot.repository);
      repository.roles.root.edit = withNested(['roles', slot.role, 'threshold'], threshold);
      simulator.offer('attack.bin');
      await repository.publishRoot();
      await simulator.publish();
    },
  })),
);

const delegatedThreshold: SimulatedAttack = {
  name: 'Image repository Targets that state a threshold of zero for a delegated role',
  group: 'signatures',
  step: 'check_targets/3, 5.2.3.2-7',
  refusedAs: `IllegalThreshold::${DELEGATED}`,
  mutate: async (simulator) => {
    const delegation = await offerDelegated(simulator);
    delegation.threshold = 0;
    await simulator.publish();
  },
};

const otherRolesKey: readonly SimulatedAttack[] = SLOTS.map((slot) => {
  const other: TopLevelRole = slot.role === 'targets' ? 'timestamp' : 'targets';
  return {
    name: `${slot.title} signed by the key of another role`,
    group: 'signatures',
    step: slot.signatureStep,
    refusedAs: 'BadKeyId',
    mutate: async (simulator) => {
      await offerFor(simulator, slot);
      roleAt(simulator, slot).signWith = simulator.repository(slot.repository).roles[other].keys;
      await republish(simulator, slot);
    },
  };
});

/** A key in a new Root that must not be there. */
function rootWithKey(name: string, key: JsonValue): readonly SimulatedAttack[] {
  return (['director', 'image'] as const).map((repository) => ({
    name: `${repository} Root that lists ${name}`,
    group: 'signatures',
    step: 'check_root/3',
    refusedAs: 'SecurityException::Root',
    mutate: async (simulator) => {
      const { roles } = simulator.repository(repository);
      roles.root.edit = (signed) => withNested(['keys', 'ab'.repeat(32)], key)(signed);
      simulator.offer('attack.bin');
      await simulator.repository(repository).publishRoot();
      await simulator.publish();
    },
  }));
}

const badKeys: readonly SimulatedAttack[] = [
  ...rootWithKey('a key of an unknown type', { keytype: 'ECPRIME256V1', keyval: { public: 'x' } }),
  ...rootWithKey('an RSA key that is junk', { keytype: 'RSA', keyval: { public: 'junk' } }),
  ...rootWithKey('an RSA key of 1024 bits', { keytype: 'RSA', keyval: { public: WEAK_RSA } }),
  ...rootWithKey('an Ed25519 key of odd length', {
    keytype: 'ED25519',
    keyval: { public: 'ab'.repeat(31) + 'a' },
  }),
  ...rootWithKey('an Ed25519 point of small order', {
    keytype: 'ED25519',
    keyval: { public: `01${'00'.repeat(31)}` },
  }),
];

const tooFewKeys: SimulatedAttack = {
  name: 'Image repository Snapshot whose role has fewer keys than its threshold',
  group: 'signatures',
  step: 'check_snapshot/3',
  refusedAs: 'UnmetThreshold::Snapshot',
  mutate: async (simulator) => {
    simulator.image.roles.root.edit = withNested(['roles', 'snapshot', 'threshold'], 2);
    simulator.offer('attack.bin');
    await simulator.image.publishRoot();
    await simulator.publish();
  },
};

const repeatedKeyId: SimulatedAttack = {
  name: 'Image repository Snapshot whose role lists one key id nine times for a threshold of six',
  group: 'signatures',
  step: 'check_snapshot/3',
  refusedAs: 'UnmetThreshold::Snapshot',
  mutate: async (simulator) => {
    const [key] = simulator.image.roles.snapshot.keys;
    const role: JsonValue = { keyids: Array.from({ length: 9 }, () => key?.keyId ?? ''), threshold: 6 };
    simulator.image.roles.root.edit = withNested(['roles', 'snapshot'], role);
    // A second signature, so that it is not the only one that fails.
    simulator.image.roles.snapshot.signWith = [
      ...simulator.image.roles.snapshot.keys,
      await fixedKey('stranger'),
    ];
    simulator.offer('attack.bin');
    await simulator.image.publishRoot();
    await simulator.publish();
  },
};

const delegationKeyMissing: SimulatedAttack = {
  name: 'delegation that names a key which is not in its list',
  group: 'signatures',
  step: 'check_targets/3, 5.2.3.2-2',
  refusedAs: 'BadKeyId',
  mutate: async (simulator) => {
    await offerDelegated(simulator);
    simulator.image.roles.targets.edit = withNested(['delegations', 'keys'], {});
    await simulator.publish();
  },
};

const keyIdOfRoot: SimulatedAttack = {
  name: 'delegation that names another key by the id of a Root key',
  group: 'signatures',
  step: 'resolve_delegations/2, 5.2.3.2-3, 5.2.1-1',
  refusedAs: 'SecurityException::Targets',
  mutate: async (simulator) => {
    const delegation = await offerDelegated(simulator);
    const [rootKey] = simulator.image.roles.targets.keys;
    const own = await fixedKey('impostor');
    delegation.keys = rootKey === undefined ? [] : [underKeyId(own, rootKey.keyId)];
    await simulator.publish();
  },
};

export const signatureAttacks: readonly SimulatedAttack[] = [
  ...onEveryFile,
  ...badThresholds,
  delegatedThreshold,
  ...otherRolesKey,
  ...badKeys,
  tooFewKeys,
  repeatedKeyId,
  delegationKeyMissing,
  keyIdOfRoot,
];
