// What the conformance check refuses: a demand of the Standard or an attack that nothing covers and nobody owns, tags
// and references that lead nowhere.
import type { AttackCase, Catalogue, Requirement } from './catalogue.ts';
import { OWNERS } from './catalogue.ts';
import { testsMeant, type Claims } from './claims.ts';
import type { TestTitle } from './recorded-test.ts';

/** One sentence each; none when all is well. */
export function problemsOf(
  catalogue: Catalogue,
  claims: Claims,
  titles: readonly TestTitle[],
): readonly string[] {
  const requirements = catalogue.sections.flatMap((section) => section.requirements);
  const cases = catalogue.attacks.flatMap((group) => group.cases);
  return [
    ...claims.unknown.map((tag) => `unknown requirement: ${tag}`),
    ...repeated(requirements.map(({ id }) => id)).map((id) => `${id} is listed twice`),
    ...requirements.flatMap((requirement) => problemsOfRequirement(requirement, requirements, claims)),
    ...cases.flatMap((one) => problemsOfCase(one, titles)),
    ...catalogue.attacks
      .filter((one) => one.file !== undefined && !titles.some(({ file }) => file === one.file))
      .map(({ group, file }) => `the attacks of "${group}" have no tests in ${file ?? ''}`),
  ];
}

/** Tests of the requirement itself, and of those that say the same. */
export function isCovered(requirement: Requirement, claims: Claims): boolean {
  return [requirement.id, ...(requirement.sameAs ?? [])].some((id) => claims.byId.has(id));
}

function problemsOfRequirement(
  requirement: Requirement,
  all: readonly Requirement[],
  claims: Claims,
): readonly string[] {
  const { id, level, sameAs = [], owner } = requirement;
  const isDemanded = /SHALL|SHOULD|REQUIRED/.test(level);
  const uncovered = isDemanded && owner === undefined && !isCovered(requirement, claims);
  return [
    ...(uncovered ? [`${id} (${level}) has neither a test nor an owner`] : []),
    ...sameAs
      .filter((other) => !all.some((one) => one.id === other))
      .map((other) => `${id} is to be the same as ${other}, which is unknown`),
    ...problemsOfOwner(id, requirement, isCovered(requirement, claims)),
  ];
}

function problemsOfCase(attack: AttackCase, titles: readonly TestTitle[]): readonly string[] {
  const { tests = [], owner } = attack;
  const name = `attack "${attack.case}"`;
  return [
    ...(tests.length === 0 && owner === undefined ? [`${name} has neither a test nor an owner`] : []),
    ...tests
      .filter((reference) => testsMeant(reference, titles).length === 0)
      .map((reference) => `${name} means a test that does not exist: ${reference}`),
    ...problemsOfOwner(name, attack, tests.length > 0),
  ];
}

/** A choice needs its reason, and an owner of something that tests cover already needs what is left to do. */
function problemsOfOwner(
  name: string,
  { owner, note }: Pick<Requirement, 'owner' | 'note'>,
  covered: boolean,
): readonly string[] {
  if (owner === undefined) return [];
  if (!Object.hasOwn(OWNERS, owner)) return [`${name} has an unknown owner: ${owner}`];
  const needsNote = owner === 'design' || covered;
  return needsNote && note === undefined ? [`${name} has the owner "${owner}" and no note why`] : [];
}

function repeated(ids: readonly string[]): readonly string[] {
  return ids.filter((id, at) => ids.indexOf(id) !== at);
}
