// Attacks on images for which several roles have to speak together: `first`, `second` and `third`, of which two have to
// agree, over a later role `anyone` that may speak for everything alone.
import { jsonObject, type JsonObject, type NextTarget } from '@ota-connect/uptane';
import type { RepositorySimulator } from '../repository-simulator.ts';
import type { SimulatedDelegation, SimulatedMultiRole } from '../simulated-repository.ts';
import { withNested, type SimulatedAttack } from './attack.ts';

export const SHARED_IMAGE = 'shared/app.bin';

export type SharedOffer = {
  readonly first: SimulatedDelegation;
  readonly second: SimulatedDelegation;
  readonly third: SimulatedDelegation;
  readonly multiRole: SimulatedMultiRole;
};

/** On offer to the Primary; all three roles list it alike. */
export async function offerShared(simulator: RepositorySimulator, custom?: JsonObject): Promise<SharedOffer> {
  const [first, second, third] = [
    await simulator.delegate('first', []),
    await simulator.delegate('second', []),
    await simulator.delegate('third', []),
  ];
  const content = new TextEncoder().encode('shared');
  const hardwareIds = ['primary-hw'];
  const image = { name: SHARED_IMAGE, content, hardwareIds, ...(custom === undefined ? {} : { custom }) };
  for (const role of [first, second, third]) simulator.addDelegatedImage(role, image);
  simulator.assign(simulator.targetOf(image), undefined, custom);
  const multiRole = {
    paths: ['shared/*'],
    roles: ['first', 'second', 'third'],
    threshold: 2,
    terminating: false,
  };
  simulator.image.multiRole.push(multiRole);
  return { first, second, third, multiRole };
}

/** Changes what a role says of the shared image. */
export function saysOtherwise(role: SimulatedDelegation, change: (target: NextTarget) => NextTarget): void {
  const target = role.targets.get(SHARED_IMAGE);
  if (target !== undefined) role.targets.set(SHARED_IMAGE, change(target));
}

export function withCustom(custom: JsonObject): (target: NextTarget) => NextTarget {
  return (target) => ({
    ...target,
    custom: jsonObject(Object.entries({ ...target.custom, ...custom })),
  });
}

const otherHash = (digit: string) => (target: NextTarget) => ({
  ...target,
  hashes: { sha256: digit.repeat(64), sha512: digit.repeat(128) },
});

type Mutate = (simulator: RepositorySimulator, offer: SharedOffer) => Promise<void> | void;

const refused = (name: string, step: string, change: Mutate, custom?: JsonObject): SimulatedAttack => ({
  name,
  group: 'multi-role',
  step,
  refusedAs: 'TargetMismatch',
  mutate: async (simulator) => {
    await change(simulator, await offerShared(simulator, custom));
    await simulator.publish();
  },
});

const AGREE = 'resolve_delegations/5, 5.4.4.8-1';
const CONFLICT = '5.4.4.8-2';

const disagreements: readonly SimulatedAttack[] = [
  refused('image that one role of three lists', AGREE, (_, { second, third }) => {
    second.targets.clear();
    third.targets.clear();
  }),
  refused('image of which every role says other hashes', AGREE, (_, { second, third }) => {
    saysOtherwise(second, otherHash('2'));
    saysOtherwise(third, otherHash('3'));
  }),
  refused('image of which every role says another length', AGREE, (_, { second, third }) => {
    saysOtherwise(second, (target) => ({ ...target, lengthBytes: target.lengthBytes + 1 }));
    saysOtherwise(third, (target) => ({ ...target, lengthBytes: target.lengthBytes + 2 }));
  }),
  refused('image of which roles list one hash each', AGREE, (_, { first, second, third }) => {
    saysOtherwise(first, ({ hashes, ...target }) => ({ ...target, hashes: { sha256: hashes.sha256 ?? '' } }));
    saysOtherwise(second, ({ hashes, ...target }) => ({
      ...target,
      hashes: { sha512: hashes.sha512 ?? '' },
    }));
    third.targets.clear();
  }),
  ...(
    [
      ['hardware ids', jsonObject([['hardwareIds', ['primary-hw', 'other-hw']]])],
      ['release counters', jsonObject([['releaseCounter', 8]])],
      ['values of a field that has to match', jsonObject([['variant', 'us']])],
      ['fields that have to match', jsonObject([['mustMatch', ['variant', 'of nobody']]])],
    ] as const
  ).map(([title, other]) =>
    refused(
      `image of which two roles say other ${title}`,
      AGREE,
      (_, { second, third }) => {
        saysOtherwise(second, withCustom(other));
        third.targets.clear();
      },
      jsonObject([
        ['mustMatch', ['variant']],
        ['releaseCounter', 7],
        ['variant', 'eu'],
      ]),
    ),
  ),
];

const conflicts: readonly SimulatedAttack[] = [
  refused(
    'later set of roles that agrees with the Director',
    CONFLICT,
    async (simulator, { multiRole, third }) => {
      const fourth = await simulator.delegate('fourth', []);
      for (const [name, target] of third.targets) fourth.targets.set(name, target);
      multiRole.roles = ['first', 'second', 'third', 'fourth'];
      for (const name of ['first', 'second']) {
        const role = simulator.image.delegations.find((one) => one.name === name);
        if (role !== undefined) saysOtherwise(role, otherHash('0'));
      }
    },
  ),
  refused(
    'role that speaks alone after a terminating multi-role delegation',
    CONFLICT,
    async (simulator, offer) => {
      const anyone = await simulator.delegate('anyone', ['*']);
      for (const [name, target] of offer.third.targets) anyone.targets.set(name, target);
      offer.first.targets.clear();
      offer.second.targets.clear();
      offer.multiRole.terminating = true;
    },
  ),
  refused(
    'single role, listed first, that agrees with the Director against several',
    CONFLICT,
    (_, offer) => {
      offer.third.paths = ['shared/*'];
      saysOtherwise(offer.first, otherHash('0'));
      saysOtherwise(offer.second, otherHash('0'));
    },
  ),
  refused('multi-role delegation for other hardware', 'resolve_delegations/5', (_, { multiRole }) => {
    multiRole.hardwareIds = ['other-hw'];
  }),
];

const unreadable: readonly SimulatedAttack[] = (
  [
    ['none', 0, 'IllegalThreshold::first'],
    ['more than there are roles', 4, 'IllegalThreshold::first'],
    ['a number written as text', '1', 'IllegalThreshold::first'],
  ] as const
).map(([title, threshold, refusedAs]) => ({
  name: `multi-role delegation that needs the agreement of ${title}`,
  group: 'multi-role',
  step: '5.4.4.8-1, 5.2.3.2-7',
  refusedAs,
  mutate: async (simulator) => {
    const { multiRole } = await offerShared(simulator);
    const edited = jsonObject(Object.entries({ ...multiRole, threshold }));
    simulator.image.roles.targets.edit = withNested(['delegations', 'multiRole'], [edited]);
    await simulator.publish();
  },
}));

const unlisted: readonly SimulatedAttack[] = (
  [
    ['a role without keys', ['first', 'nobody']],
    ['one role twice', ['first', 'first']],
    ['no role', []],
  ] as const
).map(([title, roles]) => ({
  name: `multi-role delegation to ${title}`,
  group: 'multi-role',
  step: '5.2.3.2-7',
  refusedAs: 'SecurityException::Targets',
  mutate: async (simulator) => {
    const { multiRole } = await offerShared(simulator);
    const edited = jsonObject(Object.entries({ ...multiRole, roles, threshold: 1 }));
    simulator.image.roles.targets.edit = withNested(['delegations', 'multiRole'], [edited]);
    await simulator.publish();
  },
}));

const listedTwice: SimulatedAttack = {
  name: 'multi-role delegation to a role that is listed twice, with other keys',
  group: 'multi-role',
  step: '5.2.3.2-7',
  refusedAs: 'SecurityException::Targets',
  mutate: async (simulator) => {
    await offerShared(simulator);
    simulator.image.roles.targets.edit = (signed) => {
      const { roles } = signed['delegations'] as { readonly roles: readonly JsonObject[] };
      const again = roles.map((role) => jsonObject(Object.entries({ ...role, keyids: [] })));
      return withNested(['delegations', 'roles'], [...roles, ...again])(signed);
    };
    await simulator.publish();
  },
};

const unverified: readonly SimulatedAttack[] = [
  {
    name: 'multi-role delegation of which one role is not signed',
    group: 'multi-role',
    step: 'resolve_delegations/2',
    refusedAs: 'UnmetThreshold::third',
    mutate: async (simulator) => {
      const { third } = await offerShared(simulator);
      third.signWith = [];
      await simulator.publish();
    },
  },
];

export const multiRoleAttacks: readonly SimulatedAttack[] = [
  ...disagreements,
  ...conflicts,
  ...unreadable,
  ...unlisted,
  listedTwice,
  ...unverified,
];
