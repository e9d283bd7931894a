// One verb at a time, in the order of the calls. Pausing holds back the next verb and interrupts a running transfer,
// which goes on by byte range after resuming; aborting ends the running verb and drops the waiting ones.
// A pause is not an abort: they have separate signals (the original mixes them, client-features W-47).

/** What a step needs to honour a pause in the middle of a transfer. */
export type CommandGate = {
  /** Aborted while paused. */
  pausedSignal(): AbortSignal;
  /** Resolves when not paused; rejects when `signal` aborts first. */
  opened(signal: AbortSignal): Promise<void>;
};

export class AbortedError extends Error {
  override readonly name = 'AbortedError';
  constructor() {
    super('The command was aborted.');
  }
}

export class CommandQueue implements CommandGate {
  #last: Promise<unknown> = Promise.resolve();
  #abort = new AbortController();
  #pause = new AbortController();
  readonly #waiting = new Set<() => void>();

  /** Runs after everything that was asked before; rejects with AbortedError when `abort` came first. */
  async run<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { signal } = this.#abort;
    const turn = this.#last;
    const mine = (async () => {
      await turn;
      await this.opened(signal);
      signal.throwIfAborted();
      return work(signal);
    })();
    // The chain itself never fails: each caller sees its own failure alone.
    this.#last = mine.then(
      () => undefined,
      () => undefined,
    );
    return mine;
  }

  pause(): 'paused' | 'already_paused' {
    if (this.#pause.signal.aborted) return 'already_paused';
    this.#pause.abort(new AbortedError());
    return 'paused';
  }

  resume(): 'resumed' | 'already_running' {
    if (!this.#pause.signal.aborted) return 'already_running';
    this.#pause = new AbortController();
    for (const open of this.#waiting) open();
    return 'resumed';
  }

  abort(): void {
    this.#abort.abort(new AbortedError());
    this.#abort = new AbortController();
  }

  pausedSignal(): AbortSignal {
    return this.#pause.signal;
  }

  opened(signal: AbortSignal): Promise<void> {
    if (!this.#pause.signal.aborted) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const settle = (end: () => void) => () => {
        this.#waiting.delete(open);
        signal.removeEventListener('abort', stop);
        end();
      };
      const open = settle(resolve);
      const stop = settle(() => reject(signal.reason as Error));
      this.#waiting.add(open);
      signal.addEventListener('abort', stop, { once: true });
    });
  }
}
