// The transition table as Markdown, for docs/generated/states.md: drawn from the code, so it cannot go stale.
import { CYCLE_STATES } from './states.ts';
import { TRANSITIONS } from './transitions.ts';

type Line = readonly [state: string, event: string, to: string, command: string];

/** One line per (state, event); every pair that is not listed is a Bug. Columns are padded as the formatter wants them. */
export function describeTransitions(): string {
  const lines: Line[] = [['in state', 'on event', 'go to', 'and do']];
  for (const state of CYCLE_STATES) {
    for (const [event, row] of Object.entries(TRANSITIONS[state])) {
      lines.push([state, event, row.to, row.command === 'none' ? '' : row.command]);
    }
  }
  const widths = [0, 1, 2, 3].map((column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  const draw = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const [head, ...rest] = lines.map(draw);
  return `${[head, draw(widths.map((width) => '-'.repeat(width))), ...rest].join('\n')}\n`;
}
