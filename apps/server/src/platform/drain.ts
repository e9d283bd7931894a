// Empties something whenever it is woken, never twice at once: what arrives during a run is seen by one more run.
// The outbox and the jobs are emptied this way.

export type DrainOptions = {
  /** Handles all that is due; asks `mayGoOn` between two things, since a stop waits for it. */
  readonly drain: (mayGoOn: () => boolean) => Promise<void>;
  readonly onError: (error: unknown) => void;
};

export class Drain {
  readonly #options: DrainOptions;
  #running: Promise<void> | undefined;
  #again = false;
  #stopped = false;

  constructor(options: DrainOptions) {
    this.#options = options;
  }

  wake(): void {
    if (this.#stopped) return;
    this.#again = true;
    this.#running ??= this.#run()
      .catch(this.#options.onError)
      .finally(() => {
        this.#running = undefined;
        if (this.#again) this.wake();
      });
  }

  /** Resolves when nothing is under way and nothing was woken meanwhile. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.idle();
  }

  async #run(): Promise<void> {
    while (this.#again && !this.#stopped) {
      this.#again = false;
      await this.#options.drain(() => !this.#stopped);
    }
  }
}
