// The daemon's log, which whoever waits for a command may read along: what the library says of it belongs to its answer.
import type { Log } from '@ota-connect/libaktualizr';

export class LogTaps {
  readonly #taps = new Set<Log>();
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  readonly log: Log = (level, message) => {
    this.#log(level, message);
    for (const tap of this.#taps) tap(level, message);
  };

  /** Call what it answers to end that. */
  tap(log: Log): () => void {
    this.#taps.add(log);
    return () => this.#taps.delete(log);
  }
}
