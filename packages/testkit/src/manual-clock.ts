// A clock that stands still until a test moves it. Sleepers wake when their time has come, in order.
import { instantFromMs, type Instant } from '@ota-connect/uptane';

type Sleeper = { readonly until: number; readonly wake: () => void };

export class ManualClock {
  #ms: number;
  #sleepers: Sleeper[] = [];

  constructor(startMs: number = 1_900_000_000_000) {
    this.#ms = startMs;
  }

  now(): number {
    return this.#ms;
  }

  instant(): Instant {
    return instantFromMs(this.#ms);
  }

  /** How many wait in `sleep` now. */
  get sleeping(): number {
    return this.#sleepers.length;
  }

  /** Rejects with the signal's reason when it aborts first. */
  sleep(ms: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const abort = (): void => {
      this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
      reject(signal.reason as Error);
    };
    const sleeper: Sleeper = {
      until: this.#ms + ms,
      wake: () => {
        signal.removeEventListener('abort', abort);
        resolve();
      },
    };
    signal.addEventListener('abort', abort, { once: true });
    this.#sleepers.push(sleeper);
    return promise;
  }

  advance(ms: number): void {
    this.set(this.#ms + ms);
  }

  set(ms: number): void {
    this.#ms = ms;
    const due = this.#sleepers.filter((sleeper) => sleeper.until <= ms).toSorted((a, b) => a.until - b.until);
    this.#sleepers = this.#sleepers.filter((sleeper) => sleeper.until > ms);
    for (const sleeper of due) sleeper.wake();
  }
}
