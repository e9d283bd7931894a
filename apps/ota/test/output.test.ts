import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bytes, details, printable, table } from '../src/output.ts';

describe('text for people', () => {
  it('aligns columns and leaves no space at line ends', () => {
    assert.equal(
      table(
        ['A', 'B'],
        [
          ['longer', 1],
          ['x', true],
        ],
        '',
      ),
      'A       B\nlonger  1\nx       yes',
    );
  });

  it('is the given sentence, when a table has no rows', () => {
    assert.equal(table(['A'], [], 'Nothing yet.'), 'Nothing yet.');
  });

  it('leaves out details that are not known', () => {
    assert.equal(
      details([
        ['Name', 'x'],
        ['Gone', undefined],
        ['Longer', 0],
      ]),
      'Name:   x\nLonger: 0',
    );
  });

  it('drops what a terminal would obey', () => {
    assert.equal(printable('a\u001b[2Jb\nc\u202Ed'), 'a [2Jb c d');
    assert.equal(table(['A'], [['\u001b]0;x\u0007']], ''), 'A\n ]0;x');
  });

  it('writes sizes in the unit that fits', () => {
    assert.deepEqual([0, 1023, 1024, 1536, 5 * 1024 ** 3].map(bytes), [
      '0 B',
      '1023 B',
      '1.0 KiB',
      '1.5 KiB',
      '5.0 GiB',
    ]);
  });
});
