import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { AttackCase, Catalogue, Requirement } from './conformance/catalogue.ts';
import { readClaims, tagsOf, testsMeant, withoutTags } from './conformance/claims.ts';
import { collectTitles } from './conformance/collect-titles.ts';
import { writePage } from './conformance/page.ts';
import { problemsOf } from './conformance/problems.ts';
import type { TestTitle } from './conformance/recorded-test.ts';

const demand = (id: string, more: Partial<Requirement> = {}): Requirement => ({
  id,
  level: 'SHALL',
  who: 'C',
  summary: `what ${id} says`,
  ...more,
});

const catalogueOf = (requirements: readonly Requirement[], cases: readonly AttackCase[] = []): Catalogue => ({
  sections: [{ section: '5.4.4.3', title: 'Root', anchor: 'check_root', requirements }],
  attacks: [{ group: 'Rollback', cases }],
});

const test = (title: string, file = 'packages/a/test/root.test.ts'): TestTitle => ({
  file,
  suite: '',
  title,
});

const problems = (catalogue: Catalogue, ...titles: readonly TestTitle[]): readonly string[] =>
  problemsOf(catalogue, readClaims(titles, catalogue), titles);

describe('tags of test titles', () => {
  it('stand at the end, by id or anchor, in a row or with commas', () => {
    assert.deepEqual(tagsOf('refuses it [5.4.4.3-1]'), ['5.4.4.3-1']);
    assert.deepEqual(tagsOf('refuses it [check_root/3, 5.2.1-3] [5.1.1-1]'), [
      'check_root/3',
      '5.2.1-3',
      '5.1.1-1',
    ]);
    assert.equal(withoutTags('refuses it [check_root/3, 5.2.1-3] [5.1.1-1]'), 'refuses it');
  });

  it('are told from other text in brackets', () => {
    for (const title of [
      'reads [1,2]',
      'refuses "[1 2]" as syntax',
      'reads []',
      '[5.4.4.3-1] stands first',
    ]) {
      assert.deepEqual(tagsOf(title), [], title);
      assert.equal(withoutTags(title), title);
    }
  });
});

describe('conformance check', () => {
  it('names a demand without a test, until a test or an owner has it', () => {
    const open = catalogueOf([demand('5.4.4.3-3')]);
    assert.deepEqual(problems(open), ['5.4.4.3-3 (SHALL) has neither a test nor an owner']);
    assert.deepEqual(problems(open, test('refuses it [5.4.4.3-3]')), []);
    assert.deepEqual(problems(open, test('refuses it [check_root/3]')), []);
    assert.deepEqual(problems(catalogueOf([demand('5.4.4.3-3', { owner: 'server' })])), []);
  });

  it('demands SHALL and SHOULD, and nothing that one can do', () => {
    const levels = ['SHALL NOT', 'SHOULD', 'can/SHALL', 'REQUIRED if encrypted', 'can', '–'];
    const catalogue = catalogueOf(levels.map((level, at) => demand(`5.4.4.3-${at}`, { level })));
    assert.equal(problems(catalogue).length, 4);
  });

  it('takes the tests of a demand that says the same', () => {
    const catalogue = catalogueOf([demand('5.4.4.3-1', { sameAs: ['5.4.4.3-2'] }), demand('5.4.4.3-2')]);
    assert.deepEqual(problems(catalogue, test('does it [check_root/2]')), []);
    assert.equal(problems(catalogue, test('does it [check_root/1]')).length, 1);
    assert.match(
      problems(catalogueOf([demand('5.4.4.3-1', { sameAs: ['5.9-9'], owner: 'server' })])).join(),
      /same as 5\.9-9, which is unknown/,
    );
  });

  it('names a tag that no demand has, with the test', () => {
    const catalogue = catalogueOf([demand('5.4.4.3-1', { owner: 'server' })]);
    for (const tag of ['5.9.9-1', 'check_root/9', 'check_nothing/1']) {
      assert.deepEqual(problems(catalogue, test(`does it [${tag}]`)), [
        `unknown requirement: ${tag} in packages/a/test/root.test.ts: does it [${tag}]`,
      ]);
    }
  });

  it('names an attack that nothing covers, and a test that is not there', () => {
    const attack = { case: 'Timestamp goes back', expect: 'refuse' };
    assert.match(problems(catalogueOf([], [attack])).join(), /"Timestamp goes back" has neither/);
    const covered = catalogueOf([], [{ ...attack, tests: ['test/root: goes back'] }]);
    assert.deepEqual(problems(covered, test('refuses what goes back')), []);
    assert.match(problems(covered, test('refuses it')).join(), /does not exist: test\/root: goes back/);
  });

  it('names a group of attacks whose file has no tests', () => {
    const group = { group: 'Rollback', file: 'packages/a/test/rollback.test.ts', cases: [] };
    const catalogue: Catalogue = { sections: [], attacks: [group] };
    assert.match(problems(catalogue, test('refuses it')).join(), /"Rollback" have no tests in packages\/a/);
    assert.deepEqual(problems(catalogue, test('refuses it', group.file)), []);
  });

  it('wants a reason for a choice, and for an owner beside a test', () => {
    const design = demand('5.4.4.3-1', { owner: 'design' });
    assert.match(problems(catalogueOf([design])).join(), /no note why/);
    assert.deepEqual(problems(catalogueOf([{ ...design, note: 'because' }])), []);
    const partly = catalogueOf([demand('5.4.4.3-1', { owner: 'device' })]);
    assert.match(problems(partly, test('does it [check_root/1]')).join(), /no note why/);
  });

  it('names an owner that is none, and an id that is listed twice', () => {
    const odd = demand('5.4.4.3-1', { owner: 'nobody' as never });
    assert.match(problems(catalogueOf([odd])).join(), /unknown owner: nobody/);
    const twice = demand('5.4.4.3-1', { owner: 'server' });
    assert.deepEqual(problems(catalogueOf([twice, twice])), ['5.4.4.3-1 is listed twice']);
  });
});

describe('conformance page', () => {
  it('has a row for each demand with file and titles, the rest of a long list counted', () => {
    const catalogue = catalogueOf(
      [demand('5.4.4.3-3'), demand('5.4.4.3-4', { owner: 'design', note: 'a | b' })],
      [{ case: 'Old Root', expect: 'refuse', tests: ['a/test/root: refuses 2'] }],
    );
    const titles = [1, 2, 3, 4, 5].map((at) => test(`refuses ${at} [check_root/3]`));
    const page = writePage(catalogue, readClaims(titles, catalogue), titles);
    const link = '[root.test.ts](../../packages/a/test/root.test.ts)';
    assert.ok(page.includes('### 5.4.4.3 Root (`check_root`)'));
    const cell = `${link}: refuses 1 · refuses 2 · refuses 3 · and 2 more`;
    assert.ok(page.includes(`| 5.4.4.3-3 | what 5.4.4.3-3 says | SHALL | C | ${cell} |  |`));
    assert.ok(page.includes('|  | design: a \\| b |'));
    assert.ok(page.includes(`| Old Root | refuse | ${link}: refuses 2 |  |`));
    assert.ok(
      page.includes(
        '- 2 requirements: 1 shown by tests (0 of them with something left to do); others: design 1.',
      ),
    );
  });
});

describe('files of tests', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'conformance-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  it('give all their titles, also those made in a loop, and run nothing', async () => {
    writeFileSync(
      join(folder, 'one.test.ts'),
      `import { before, describe, it } from 'node:test';
describe('outer', () => {
  before(() => { throw new Error('a hook ran'); });
  for (const step of [1, 2]) it(\`does \${step}\`, () => { throw new Error('a test ran'); });
  describe('inner', { timeout: 5 }, () => { it('does more', { skip: true }, () => {}); });
});
`,
    );
    assert.deepEqual(await collectTitles(folder, ['*.test.ts']), [
      { file: 'one.test.ts', suite: 'outer', title: 'does 1' },
      { file: 'one.test.ts', suite: 'outer', title: 'does 2' },
      { file: 'one.test.ts', suite: 'outer › inner', title: 'does more' },
    ]);
  });

  it('are found by the end of their path and a part of the title', () => {
    const titles = [test('a', 'packages/x/test/golden.test.ts'), test('a', 'packages/y/test/golden.test.ts')];
    assert.deepEqual(testsMeant('y/test/golden: a', titles), [titles[1]]);
    assert.deepEqual(testsMeant('test/golden: a', titles), titles);
    assert.deepEqual(testsMeant('est/golden: a', titles), []);
  });
});

describe('node scripts/docs-conformance.ts', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'conformance-'));
    mkdirSync(join(folder, 'docs/conformance'), { recursive: true });
    mkdirSync(join(folder, 'docs/generated'), { recursive: true });
  });
  after(() => rmSync(folder, { recursive: true }));

  const command = (...args: readonly string[]) =>
    spawnSync(process.execPath, [resolve('scripts/docs-conformance.ts'), ...args], {
      cwd: folder,
      encoding: 'utf8',
    });
  const write = ({ sections, attacks }: Catalogue): void => {
    writeFileSync(join(folder, 'docs/conformance/requirements.json'), JSON.stringify(sections));
    writeFileSync(join(folder, 'docs/conformance/attacks.json'), JSON.stringify(attacks));
  };

  it('ends with 1 and the ids, when something is open', () => {
    write(catalogueOf([demand('5.4.4.3-3')]));
    const { status, stdout } = command('--write');
    assert.equal(status, 1);
    assert.match(stdout, /5\.4\.4\.3-3 \(SHALL\)/);
  });

  it('ends with 1, when the page is missing or another, and with 0 once it is written', () => {
    write(catalogueOf([demand('5.4.4.3-3', { owner: 'server' })]));
    const page = join(folder, 'docs/generated/conformance.md');
    rmSync(page, { force: true });
    assert.equal(command().status, 1);
    assert.equal(command('--write').status, 0);
    assert.equal(command().status, 0);
    writeFileSync(page, `${readFileSync(page, 'utf8')}more\n`);
    const { status, stdout } = command();
    assert.equal(status, 1);
    assert.match(stdout, /not up to date/);
  });
});
