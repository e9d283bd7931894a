import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fitColumns } from './fit-columns.ts';

const uuid = '01890a5d-ac96-774b-bcce-b302099a8057';
const prose = 'the quick brown fox jumps over the lazy dog';

describe('columns of a table', () => {
  it('stay as they are, when they fit', () => {
    const rows = [
      ['ID', 'WHY'],
      [uuid, prose],
    ];
    assert.deepEqual(fitColumns(rows, uuid.length + 2 + prose.length), rows);
  });

  it('give way by wrapping prose between words, when they are too wide', () => {
    const rows = [
      ['ID', 'WHY'],
      [uuid, prose],
    ];
    assert.deepEqual(fitColumns(rows, uuid.length + 2 + 25), [
      ['ID', 'WHY'],
      [uuid, 'the quick brown fox jumps\nover the lazy dog'],
    ]);
  });

  it('share the loss, the widest column first', () => {
    const [, row] = fitColumns(
      [
        ['A', 'B'],
        [prose.repeat(3), prose],
      ],
      60,
    );
    const widths = row?.map((cell) => Math.max(...cell.split('\n').map((line) => line.length)));
    assert.ok((widths?.[0] ?? 60) + 2 + (widths?.[1] ?? 60) <= 60, JSON.stringify(row));
  });

  it('keep ids and long words whole and prose readable, however narrow the terminal', () => {
    const [, row] = fitColumns(
      [
        ['ID', 'WHY'],
        [uuid, `a ${'x'.repeat(40)} is left as it is, in here`],
      ],
      20,
    );
    assert.deepEqual(row, [uuid, `a\n${'x'.repeat(40)}\nis left as it is, in\nhere`]);
  });
});
