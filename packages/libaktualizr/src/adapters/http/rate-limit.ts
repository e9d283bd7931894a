// How many bytes a second all transfers together may take. Changing it counts at once, for those that wait too.
// client-features ATG-02, ATG-04.

/** What was not used for so long is not saved up. */
const CREDIT_MS = 50;

export class RateLimit {
  #bytesPerSecond: number;
  /** When what has been taken is paid for. */
  #paidAtMs = 0;
  readonly #waiting = new Set<() => void>();

  /** 0: no limit. */
  constructor(bytesPerSecond: number = 0) {
    this.#bytesPerSecond = bytesPerSecond;
  }

  get bytesPerSecond(): number {
    return this.#bytesPerSecond;
  }

  set(bytesPerSecond: number): void {
    this.#bytesPerSecond = bytesPerSecond;
    this.#paidAtMs = 0;
    const waiting = [...this.#waiting];
    for (const wake of waiting) wake();
  }

  /** Milliseconds that whoever took these bytes has to wait before the next. */
  take(bytes: number, nowMs: number = performance.now()): number {
    if (this.#bytesPerSecond === 0) return 0;
    this.#paidAtMs = Math.max(nowMs - CREDIT_MS, this.#paidAtMs) + (bytes * 1000) / this.#bytesPerSecond;
    return Math.max(0, this.#paidAtMs - nowMs);
  }

  /** Calls back after that time, or when the limit changes; answers how to stop waiting. */
  wait(ms: number, done: () => void): () => void {
    const end = (): void => {
      clearTimeout(timer);
      this.#waiting.delete(wake);
    };
    const wake = (): void => {
      end();
      done();
    };
    const timer = setTimeout(wake, ms);
    this.#waiting.add(wake);
    return end;
  }
}
