// Where this process writes its lines: results to standard output, the rest to standard error, as plain text or as one
// JSON object a line, coloured only where a person looks. With --json standard output belongs to the outcome alone; with
// LOG_STDERR, as in the original, everything goes to standard error. client-features SYS-02, SYS-06, W-35.
import { styleText } from 'node:util';
import type { Line, LineKind } from './output.ts';

export type SinkSettings = {
  /** logger.loglevel: 0 trace, 1 debug, 2 info, 3 warning, 4 error, 5 fatal. */
  loglevel: number;
  /** logger.format */
  format: 'text' | 'json';
  /** Results for people: with --json standard output is the outcome's alone, which says it all. */
  results: 'stdout' | 'stderr' | 'nowhere';
  /** Goes away while a line is written: the progress bar. */
  aside?: { hide(): void; show(): void };
};

const SEVERITIES: { readonly [kind in LineKind]: number } = {
  debug: 1,
  info: 2,
  print: 2,
  warning: 3,
  error: 4,
  fail: 4,
};
const COLOURS = new Map<LineKind, 'yellow' | 'red' | 'gray'>([
  ['warning', 'yellow'],
  ['error', 'red'],
  ['fail', 'red'],
  ['debug', 'gray'],
]);

export function createSink(settings: SinkSettings): (line: Line) => void {
  return (line) => {
    const isAlwaysSaid = line.kind === 'print' || line.kind === 'fail';
    if (!isAlwaysSaid && SEVERITIES[line.kind] < settings.loglevel) return;
    if (line.kind === 'print' && settings.results === 'nowhere') return;
    const isForStdout = settings.results === 'stdout' && process.env.LOG_STDERR === undefined;
    const stream = line.kind === 'print' && isForStdout ? process.stdout : process.stderr;
    settings.aside?.hide();
    stream.write(`${settings.format === 'json' ? asJson(line) : asText(line, stream)}\n`);
    settings.aside?.show();
  };
}

function asText({ kind, text }: Line, stream: NodeJS.WriteStream): string {
  const label = kind === 'print' ? '' : kind === 'fail' ? 'aktualizr: ' : `${kind}: `;
  const colour = COLOURS.get(kind);
  // Only on a terminal, and not when NO_COLOR says so: styleText looks at both.
  return colour === undefined ? label + text : styleText(colour, label + text, { stream });
}

function asJson({ kind, text }: Line): string {
  const level = kind === 'print' ? 'info' : kind === 'fail' ? 'error' : kind;
  return JSON.stringify({ time: new Date().toISOString(), level, message: text });
}
