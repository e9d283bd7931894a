// What an input made our sources do, counted by V8: which blocks ran how often. A block that ran for the first time, or in
// another order of magnitude, is news; all counts together are the work, in steps and not in time.
import { Session } from 'node:inspector';

const SOURCES = '/packages/uptane/src/';

type Range = { readonly startOffset: number; readonly endOffset: number; readonly count: number };
type Script = {
  readonly url: string;
  readonly functions: readonly { readonly ranges: readonly Range[] }[];
};

export class Coverage {
  readonly #session = new Session();
  readonly #seen = new Set<string>();

  constructor() {
    this.#session.connect();
    this.#post('Profiler.enable');
    this.#post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** Blocks met so far, each order of magnitude counted. */
  get size(): number {
    return this.#seen.size;
  }

  /** Of what ran since the last call. */
  take(): { readonly news: number; readonly work: number } {
    const before = this.#seen.size;
    let work = 0;
    const { result } = this.#post('Profiler.takePreciseCoverage') as { result: readonly Script[] };
    for (const { url, functions } of result) {
      if (!url.includes(SOURCES)) continue;
      for (const { startOffset, endOffset, count } of functions.flatMap(({ ranges }) => ranges)) {
        work += count;
        if (count > 0) this.#seen.add(`${url} ${startOffset} ${endOffset} ${32 - Math.clz32(count)}`);
      }
    }
    return { news: this.#seen.size - before, work };
  }

  close(): void {
    this.#session.disconnect();
  }

  /** The inspector of the own thread answers at once. */
  #post(method: string, parameters: object = {}): unknown {
    let answer: unknown;
    let failure: Error | null = null;
    this.#session.post(method, parameters, (error: Error | null, result?: object) => {
      failure = error;
      answer = result;
    });
    if (failure !== null) throw new Error(`${method} failed`, { cause: failure });
    return answer;
  }
}
