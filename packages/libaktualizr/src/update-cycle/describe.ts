// The transition table as Markdown, for docs/generated/states.md: drawn from the code, so it cannot go stale.
import { CYCLE_STATES } from './states.ts';
import { TRANSITIONS, type CycleEventKind } from './transitions.ts';

/** One line per (state, event); every pair that is not listed is a Bug. */
export function describeTransitions(): string {
  const lines = ['| in state | on event | go to | and do |', '|---|---|---|---|'];
  for (const state of CYCLE_STATES) {
    for (const [event, row] of Object.entries(TRANSITIONS[state]) as [
      CycleEventKind,
      { to: string; command: string },
    ][]) {
      lines.push(`| ${state} | ${event} | ${row.to} | ${row.command === 'none' ? '' : row.command} |`);
    }
  }
  return `${lines.join('\n')}\n`;
}
