// What is printed: results on stdout, as a table for people or as exactly one JSON document with --json; everything else
// (progress, errors, what to do next) on stderr. Text that came from elsewhere loses its control characters,
// so that the name of a device cannot steer a terminal.
import Table from 'cli-table3';
import { styleText } from 'node:util';
import { COLUMN_GAP, fitColumns } from './fit-columns.ts';

export type OutputOptions = { readonly json?: boolean };

/** Of a table whose reader is not known, or no terminal. */
const USUAL_COLUMNS = 100;

/** Cell of a table; undefined is shown as nothing. */
export type Cell = string | number | boolean | undefined;

export function print(options: OutputOptions, value: unknown, text: () => string): void {
  process.stdout.write(options.json === true ? `${JSON.stringify(value, undefined, 2)}\n` : `${text()}\n`);
}

export function table(
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
  whenEmpty: string,
): string {
  if (rows.length === 0) return whenEmpty;
  const cells = fitColumns(
    [head, ...rows.map((row) => row.map(shown))],
    process.stdout.columns || USUAL_COLUMNS,
  );
  const drawn = new Table({
    head: head.map((title) => styleText('bold', title, { stream: process.stdout })),
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': COLUMN_GAP },
    chars: NO_LINES,
  });
  drawn.push(...cells.slice(1));
  return withoutTrailingSpace(drawn.toString());
}

/** `name: value` lines, aligned; what is not known is left out. */
export function details(entries: readonly (readonly [string, Cell])[]): string {
  const present = entries.filter(([, value]) => value !== undefined && value !== '');
  const width = Math.max(...present.map(([name]) => name.length)) + 2;
  return present
    .map(([name, value]) => {
      const label = styleText('bold', `${name}:`.padEnd(width), { stream: process.stdout });
      return `${label}${shown(value)}`;
    })
    .join('\n');
}

export function note(text: string): void {
  process.stderr.write(`${printable(text)}\n`);
}

/** Keeps what a terminal shows and drops what it obeys. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]+/gu, ' ');
}

export function bytes(count: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const step = Math.min(Math.floor(Math.log2(Math.max(count, 1)) / 10), units.length - 1);
  const value = count / 1024 ** step;
  return `${step === 0 ? String(value) : value.toFixed(1)} ${units[step] ?? ''}`;
}

const NO_LINES = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '',
};

function shown(value: Cell): string {
  if (value === undefined) return '';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return printable(String(value));
}

function withoutTrailingSpace(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}
