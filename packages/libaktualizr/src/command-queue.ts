// One verb at a time, in the order of the calls. Pausing holds back the next verb and interrupts a running transfer,
// which goes on by byte range after resuming; aborting ends the running verb and drops the waiting ones; a signal of a
// verb's own ends that verb alone, whether it runs or waits.
// A pause is not an abort: they have separate signals (the original mixes them, client-features W-47).

/** What a step needs to honour a pause in the middle of a transfer. */
export type CommandGate = {
  /** Aborted while paused. */
  pausedSignal(): AbortSignal;
  /** Of the verb that runs now. */
  runningSignal(): AbortSignal | undefined;
  /** Resolves when not paused; rejects when `signal` aborts first. */
  opened(signal: AbortSignal): Promise<void>;
};

/** Of every verb. */
export type VerbOptions = {
  /** Ends this verb alone, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
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
  readonly #stop: AbortSignal | undefined;
  #running: AbortSignal | undefined;

  /** `stop`: from then on nothing runs any more. */
  constructor(stop?: AbortSignal) {
    this.#stop = stop;
  }

  /** Runs after everything that was asked before; rejects with AbortedError when `abort` came first. */
  async run<T>(work: (signal: AbortSignal) => Promise<T>, options: VerbOptions = {}): Promise<T> {
    const { signal } = this.#abort;
    const signals = [signal, this.#stop, options.signal].filter((one) => one !== undefined);
    const ended = signals.length === 1 ? signal : AbortSignal.any(signals);
    const turn = this.#last;
    const mine = this.#whenItsTurn(turn, ended, work);
    // The chain itself never fails: each caller sees its own failure alone. Who gave up waiting leaves its place in it.
    this.#last = Promise.allSettled([turn, mine]);
    return mine;
  }

  async #whenItsTurn<T>(
    turn: Promise<unknown>,
    signal: AbortSignal,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    await unlessAborted(turn, signal);
    await this.opened(signal);
    signal.throwIfAborted();
    this.#running = signal;
    try {
      return await work(signal);
    } finally {
      this.#running = undefined;
    }
  }

  runningSignal(): AbortSignal | undefined {
    return this.#running;
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

/** Resolves with the promise, or rejects as soon as the signal aborts. */
function unlessAborted(promise: Promise<unknown>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason as Error);
    if (signal.aborted) return stop();
    signal.addEventListener('abort', stop, { once: true });
    void promise.then(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    });
  });
}
