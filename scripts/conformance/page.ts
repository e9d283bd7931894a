// The conformance page: one table per section of the Standard, then one per group of attacks.
import {
  OWNERS,
  type AttackCase,
  type AttackGroup,
  type Catalogue,
  type Owner,
  type Requirement,
  type Section,
} from './catalogue.ts';
import { testsMeant, withoutTags, type Claims } from './claims.ts';
import { isCovered } from './problems.ts';
import type { TestTitle } from './recorded-test.ts';

/** Titles of one file that a cell spells out; the others are counted. */
const SHOWN_TITLES = 3;

type Counted = { readonly covered: boolean; readonly owner?: Owner };

export function writePage(catalogue: Catalogue, claims: Claims, titles: readonly TestTitle[]): string {
  const requirements = catalogue.sections.flatMap((section) => section.requirements);
  const cases = catalogue.attacks.flatMap((group) => group.cases);
  return [
    '# Conformance',
    '',
    'Written by `node scripts/docs-conformance.ts --write` from the titles of the tests, `docs/conformance/requirements.json` and `docs/conformance/attacks.json`; the check compares. A test claims a requirement of the Uptane Standard 2.1.0 by a tag at the end of its title, `[5.4.3.4-6]` or `[check_root/3]`.',
    '',
    `Owners: ${Object.entries(OWNERS)
      .map(([name, text]) => `**${name}** ${text}`)
      .join(' · ')}. An owner beside tests owns what the note names.`,
    '',
    'Who: C client, P Primary, S Secondary, D Director, I Image repository, B both repositories.',
    '',
    ...summary(
      'requirements',
      requirements.map((one) => counted(one, isCovered(one, claims))),
    ),
    ...summary(
      'attacks and faults',
      cases.map((one) => counted(one, (one.tests ?? []).length > 0)),
    ),
    '',
    '## The Standard',
    ...catalogue.sections.flatMap((section) => sectionTable(section, claims)),
    '',
    '## Attacks and faults',
    ...catalogue.attacks.flatMap((group) => attackTable(group, titles)),
    '',
  ].join('\n');
}

function counted({ owner }: { readonly owner?: Owner }, covered: boolean): Counted {
  return owner === undefined ? { covered } : { covered, owner };
}

function summary(what: string, entries: readonly Counted[]): readonly string[] {
  const covered = entries.filter((entry) => entry.covered).length;
  const partly = entries.filter((entry) => entry.covered && entry.owner !== undefined).length;
  const waiting = (Object.keys(OWNERS) as Owner[])
    .map((owner) => [owner, entries.filter((one) => one.owner === owner && !one.covered).length] as const)
    .filter(([, count]) => count > 0)
    .map(([owner, count]) => `${owner} ${count}`);
  return [
    `- ${entries.length} ${what}: ${covered} shown by tests (${partly} of them with something left to do); others: ${waiting.join(', ')}.`,
  ];
}

function sectionTable({ section, title, anchor, requirements }: Section, claims: Claims): readonly string[] {
  return [
    '',
    `### ${section} ${title}${anchor === undefined ? '' : ` (\`${anchor}\`)`}`,
    '',
    '| id | demand | level | who | shown by | owner |',
    '|---|---|---|---|---|---|',
    ...requirements.map((one) =>
      row([one.id, one.summary, one.level, one.who, shownBy(one, claims), ownerOf(one)]),
    ),
  ];
}

function shownBy({ id, sameAs = [] }: Requirement, claims: Claims): string {
  const references = sameAs.filter((other) => claims.byId.has(other));
  return [
    ...describeTests(claims.byId.get(id) ?? []),
    ...(references.length === 0 ? [] : [`as ${references.join(', ')}`]),
  ].join('<br>');
}

function attackTable({ group, file, cases }: AttackGroup, titles: readonly TestTitle[]): readonly string[] {
  return [
    '',
    `### ${group}`,
    '',
    ...(file === undefined ? [] : [`Its file: [${file}](../../${file}).`, '']),
    '| case | has to | shown by | owner |',
    '|---|---|---|---|',
    ...cases.map((one) =>
      row([one.case, one.expect, describeTests(meant(one, titles)).join('<br>'), ownerOf(one)]),
    ),
  ];
}

function meant({ tests = [] }: AttackCase, titles: readonly TestTitle[]): readonly TestTitle[] {
  return [...new Set(tests.flatMap((reference) => testsMeant(reference, titles)))];
}

/** One line per file. */
function describeTests(tests: readonly TestTitle[]): readonly string[] {
  const files = new Map<string, string[]>();
  for (const test of tests) files.set(test.file, [...(files.get(test.file) ?? []), withoutTags(test.title)]);
  return [...files].map(([file, all]) => {
    const more = all.length - SHOWN_TITLES;
    const shown = all.slice(0, SHOWN_TITLES).join(' · ');
    return `[${file.split('/').at(-1)}](../../${file}): ${shown}${more > 0 ? ` · and ${more} more` : ''}`;
  });
}

function ownerOf({ owner, note }: Pick<Requirement, 'owner' | 'note'>): string {
  if (owner === undefined) return note ?? '';
  return note === undefined ? owner : `${owner}: ${note}`;
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
