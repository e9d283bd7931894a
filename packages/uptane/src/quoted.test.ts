import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { quoted } from './quoted.ts';

describe('quoted', () => {
  const UNSEEN: readonly (readonly [string, string])[] = [
    ['the end of a line', '\n'],
    ['a carriage return', '\r'],
    ['what begins a command to a terminal', '\u001b'],
    ['the same in one character', '\u009b'],
    ['delete', '\u007f'],
    ['a line separator', '\u2028'],
    ['a paragraph separator', '\u2029'],
    ['what turns the direction of text', '\u202e'],
    ['a space of no width', '\u200b'],
    ['a mark of byte order', '\ufeff'],
    ['the first half of a pair', '\ud83d'],
    ['the second half of a pair', '\ude00'],
  ];
  for (const [name, text] of UNSEEN) {
    it(`shows ${name} as a question mark`, () => assert.equal(quoted(`a${text}b${text}`, 9), 'a?b?'));
  }

  it('leaves all other text as it is', () => {
    const text = 'Rolle "ü/日本" \u{1f600} 100 %';
    assert.equal(quoted(text, 100), text);
  });

  it('cuts, and never leaves half a pair behind', () => {
    assert.equal(quoted('abcdef', 3), 'abc');
    assert.equal(quoted('ab\u{1f600}', 3), 'ab?');
    assert.equal(quoted('ab\u{1f600}', 4), 'ab\u{1f600}');
  });
});
