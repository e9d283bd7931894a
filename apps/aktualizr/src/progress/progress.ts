// How far a download is: a bar on a terminal, where a person looks; elsewhere a line now and then, so that a log of a long
// download shows that it gets on.
import { monotonicMs } from '@ota-connect/libaktualizr/time/monotonic';
import type { AktualizrEvent } from '@ota-connect/libaktualizr';
import { printable, type Output } from '../output.ts';

export type ProgressReport = Extract<AktualizrEvent, { kind: 'DownloadProgressReport' }>;

export type Progress = {
  readonly report: (report: ProgressReport) => void;
  /** Other lines come between. */
  readonly hide: () => void;
  readonly show: () => void;
};

export type Terminal = Pick<NodeJS.WriteStream, 'write' | 'columns' | 'isTTY'>;

const LINE_EVERY_MS = 10_000;
const BAR_WIDTH = 30;
const TO_LINE_START = '\r\u001b[K';

/** `now`: milliseconds of a clock that nobody sets. */
export function createProgress(terminal: Terminal, output: Pick<Output, 'log'>, now = monotonicMs): Progress {
  return terminal.isTTY ? createBar(terminal) : createLines(output, now);
}

function createBar(terminal: Terminal): Progress {
  const percents = new Map<string, number>();
  let isShown = false;
  const hide = () => {
    if (isShown) terminal.write(TO_LINE_START);
    isShown = false;
  };
  const show = () => {
    if (percents.size === 0) return;
    terminal.write(`${TO_LINE_START}${barText(percents, terminal.columns ?? 80)}`);
    isShown = true;
  };
  return {
    hide,
    show,
    report: ({ target, percent }) => {
      percents.set(target, percent);
      if (percent >= 100) percents.delete(target);
      if (percents.size === 0) hide();
      else show();
    },
  };
}

/** One line for all that is fetched at the same time. */
function barText(percents: ReadonlyMap<string, number>, columns: number): string {
  const values = [...percents.values()];
  const percent = Math.floor(values.reduce((sum, value) => sum + value, 0) / values.length);
  const done = Math.floor((percent / 100) * BAR_WIDTH);
  const bar = `[${'#'.repeat(done)}${'.'.repeat(BAR_WIDTH - done)}] ${String(percent).padStart(3)} %`;
  return `${bar} ${printable([...percents.keys()].join(', '))}`.slice(0, Math.max(columns - 1, 0));
}

function createLines({ log }: Pick<Output, 'log'>, now: () => number): Progress {
  let last = now();
  return {
    hide: () => undefined,
    show: () => undefined,
    report: ({ target, percent }) => {
      if (now() - last < LINE_EVERY_MS || percent >= 100) return;
      last = now();
      log('info', `Downloading ${target}: ${percent} %.`);
    },
  };
}
