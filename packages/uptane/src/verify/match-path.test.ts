import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { matchesPath, matchesPathByFolder } from './match-path.ts';

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
  ];
  for (const [pattern, name, matches] of CASES) {
    it(`${matches ? 'matches' : 'does not match'} "${name}" with "${pattern}" [resolve_delegations/5]`, () => {
      assert.equal(matchesPath(pattern, name), matches);
    });
  }

  it('ends on a pattern made to run away [resolve_delegations/5]', () => {
    assert.equal(matchesPath('*a'.repeat(200), 'a'.repeat(1000) + 'b'), false);
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
  ];
  for (const [pattern, name, matches] of CASES) {
    it(`${matches ? 'matches' : 'does not match'} "${name}" with "${pattern}" [resolve_delegations/5]`, () => {
      assert.equal(matchesPathByFolder(pattern, name), matches);
    });
  }
});
