import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CodedError } from '../errors.ts';
import { matchesPath, matchesPathByFolder } from './match-path.ts';

const STEPS = 5_000_000;

describe('delegation path patterns', () => {
  const CASES: readonly (readonly [pattern: string, name: string, matches: boolean])[] = [
    ['*', 'a/b/c', true],
    ['*', '', true],
    ['a/*', 'a/b/c', true],
    ['a/*', 'b/a/', false],
    ['*.bin', '.bin', true],
    ['*.bin', 'x.bin.gz', false],
    ['a*b*c', 'aXXbYYc', true],
    ['a*b*c', 'aXXcYYb', false],
    ['?', 'a', true],
    ['?', '', false],
    ['?', '/', true],
    ['a?c', 'abc', true],
    ['A', 'a', false],
    ['[abc]', 'b', true],
    ['[a-c]x', 'cx', true],
    ['[!a-c]', 'b', false],
    ['[^a-c]', 'd', true],
    ['[]x]', ']', true],
    ['[a-]', '-', true],
    ['[abc', '[abc', true],
    ['\\*', '*', true],
    ['\\*', 'x', false],
    ['', '', true],
    ['', 'a', false],
    ['\u{1f600}?', '\u{1f600}a', true],
    ['?', '\u{1f600}', true],
    ['[\uffee-\u{1f601}]', '\u{1f600}', true],
    ['[!]', '[!]', true],
    ['[a', '[a', true],
    ['a\\', 'a\\', true],
    ['**', 'ab', true],
    ['a**', 'a', true],
    ['a\\/b', 'a/b', true],
    ['[a]', 'a', true],
    ['[a]', '[a]', false],
    ['[/]', '/', true],
    ['[a]', ']', false],
    ['[axc]', 'b', false],
    ['[b-c]', 'a', false],
    ['[a-c]', '-', false],
    ['[a-\u{1f600}-b]', '-', true],
    ['??', '\uffffa', true],
  ];
  for (const [pattern, name, matches] of CASES) {
    it(`${matches ? 'matches' : 'does not match'} "${name}" with "${pattern}" [resolve_delegations/5]`, () => {
      assert.equal(matchesPath(pattern, name, { left: STEPS }), matches);
    });
  }

  it('ends on a pattern made to run away [resolve_delegations/5]', () => {
    assert.equal(matchesPath('*a'.repeat(200), 'a'.repeat(1000) + 'b', { left: STEPS }), false);
  });

  for (const [title, pattern] of [
    ['brackets that never close', '['.repeat(400_000)],
    ['brackets that close at the end', `${'['.repeat(400_000)}]`],
    ['stars', `${'*'.repeat(400_000)}b`],
    ['a long set, tried at every place', `*[${'bc'.repeat(2000)}]b`],
  ] as const) {
    it(`needs few steps for ${title} [resolve_delegations/5]`, () => {
      const steps = { left: STEPS };
      assert.equal(matchesPath(pattern, 'a/'.repeat(200), steps), false);
      assert.ok(steps.left > STEPS / 4, `${STEPS - steps.left} steps`);
    });
  }

  for (const compare of [matchesPath, matchesPathByFolder]) {
    it(`looks for the end of a bracket that never closes once, not at every place (${compare.name}) [resolve_delegations/5]`, () => {
      const steps = { left: STEPS };
      assert.equal(compare(`*[${'b'.repeat(100_000)}`, 'a'.repeat(400), steps), false);
      assert.ok(STEPS - steps.left < 1000);
    });

    it(`counts what it looks through for the end of a bracket (${compare.name}) [resolve_delegations/5]`, () => {
      const refused = (error: unknown): boolean =>
        error instanceof CodedError && `${error.family} ${error.code}` === 'DecodeError too_many_steps';
      assert.throws(() => compare(`[${'b'.repeat(100)}]`, 'b', { left: 99 }), refused);
      assert.throws(() => compare(`[${'b'.repeat(100)}]`, 'c', { left: 199 }), refused);
      assert.equal(compare(`[${'b'.repeat(100)}]`, 'b', { left: 110 }), true);
    });

    it(`counts stars at the end as well (${compare.name}) [resolve_delegations/5]`, () => {
      const refused = (error: unknown): boolean =>
        error instanceof CodedError && `${error.family} ${error.code}` === 'DecodeError too_many_steps';
      assert.throws(() => compare('a***', 'a', { left: 3 }), refused);
      assert.equal(compare('a***', 'a', { left: 4 }), true);
    });
  }

  it('counts the steps of all patterns together, and refuses to go on [resolve_delegations/5]', () => {
    const steps = { left: 2000 };
    const compare = (): boolean => matchesPath('*b', 'a'.repeat(900), steps);
    assert.equal(compare(), false);
    assert.throws(
      () => compare() || compare(),
      (error) =>
        error instanceof CodedError && `${error.family} ${error.code}` === 'DecodeError too_many_steps',
    );
  });
});

describe('delegation path patterns of plain TUF', () => {
  const CASES: readonly (readonly [pattern: string, name: string, matches: boolean])[] = [
    ['*', 'a', true],
    ['*', 'a/b', false],
    ['a/*', 'a/b', true],
    ['a/*', 'a/b/c', false],
    ['a/*/c', 'a/b/c', true],
    ['*/*.bin', 'a/b.bin', true],
    ['*.bin', 'a/b.bin', false],
    ['a?b', 'a/b', false],
    ['a?b', 'aXb', true],
    ['A', 'a', false],
    ['[ab]/x', 'b/x', true],
    ['a/', 'a', false],
    ['a', 'a/', false],
    ['[a/b]', '[a/b]', true],
    ['[!b]', '/', false],
    ['*a/b', 'xa/ca/b', false],
    ['*/b', 'a/b', true],
    ['a\\/b', 'a\\/b', true],
    ['a\\*', 'a*', true],
    ['a\\*', 'ab', false],
    ['[a]', 'a', true],
    ['[/]', '[/]', true],
    ['[/]', '/', false],
  ];
  for (const [pattern, name, matches] of CASES) {
    it(`${matches ? 'matches' : 'does not match'} "${name}" with "${pattern}" [resolve_delegations/5]`, () => {
      assert.equal(matchesPathByFolder(pattern, name, { left: STEPS }), matches);
    });
  }
});
