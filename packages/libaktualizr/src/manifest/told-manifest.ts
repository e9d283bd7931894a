// Whether a polling daemon has to tell the Director again what it told already. A poll leaves out a manifest that says
// nothing new while the last one is young; whoever asks by hand always sends. Kept in memory alone: a restart tells anew.
// client-features W-01.
import type { Clock } from '../ports.ts';

type Told = { readonly content: string; readonly at: number; readonly monotonicMs: number };

export class ToldManifest {
  readonly #clock: Pick<Clock, 'now' | 'monotonic'>;
  #last: Told | undefined;
  #maxAgeMs = 0;

  constructor(clock: Pick<Clock, 'now' | 'monotonic'>) {
    this.#clock = clock;
  }

  /** Verbs run one at a time: what `work` sends, and nothing else, may be left out. 0: nothing is. */
  async whilePolling<T>(maxAgeMs: number, work: () => Promise<T>): Promise<T> {
    this.#maxAgeMs = maxAgeMs;
    try {
      return await work();
    } finally {
      this.#maxAgeMs = 0;
    }
  }

  /** `content`: all that the manifest says, without what differs each time. */
  isYoung(content: string): boolean {
    return this.#last?.content === content && this.#ageMs(this.#last) < this.#maxAgeMs;
  }

  /** The server has taken it. */
  save(content: string): void {
    this.#last = { content, at: this.#clock.now(), monotonicMs: this.#monotonic() };
  }

  /** By the clock on the wall as well: the other one stands still while a machine is suspended. */
  #ageMs({ at, monotonicMs }: Told): number {
    return Math.max(this.#monotonic() - monotonicMs, this.#clock.now() - at);
  }

  #monotonic(): number {
    return this.#clock.monotonic?.() ?? performance.now();
  }
}
