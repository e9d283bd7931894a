// The events for the server, durable before anything else happens with them. A flush sends what is queued in order:
// accepted and unsupported (404) batches go, a batch that is too large (413) is halved, one event that is too large goes.
// After an unreachable server nothing is tried for a while, so that working offline stays quick. client-protocol 3.8, 5.4.
import type { DeviceEvent, DeviceEventDetails, DeviceEventId } from '@ota-connect/contract/device';
import { CodedError, formatInstant, instantOfClock } from '@ota-connect/uptane';
import type { Clock, Gateway, ReportStore } from '../ports.ts';

const MAX_BATCH = 1000;
const QUIET_MS = 10_000;

export type ReportQueueOptions = {
  readonly store: ReportStore;
  readonly gateway: Gateway;
  readonly clock: Clock;
  readonly newId: () => string;
  /** Told of each failed flush; the events stay. */
  readonly onFailure: (error: CodedError) => void;
};

export class ReportQueue {
  readonly #options: ReportQueueOptions;
  #quiet = { fromMs: 0, untilMs: 0 };
  #turn: Promise<unknown> = Promise.resolve();
  #holders = 0;

  constructor(options: ReportQueueOptions) {
    this.#options = options;
  }

  /** Durable when it returns; the time is now, also when the event travels later. */
  enqueue(id: DeviceEventId, details: DeviceEventDetails): void {
    const { store, clock, newId } = this.#options;
    // The original leaves an empty correlation ID out.
    const { correlationId, ...rest } = details;
    store.enqueue({
      id: newId(),
      deviceTime: formatInstant(instantOfClock(clock.now())),
      eventType: { id, version: 0 },
      event: correlationId === undefined || correlationId === '' ? rest : { correlationId, ...rest },
    });
  }

  /** What is queued meanwhile stays queued: nobody is asked. */
  async whileHeld<T>(work: () => Promise<T>): Promise<T> {
    this.#holders += 1;
    try {
      return await work();
    } finally {
      this.#holders -= 1;
    }
  }

  /**
   * Answers whether the queue is empty now. Never throws what the network does; errors of the storage it does. Transfers
   * that run at the same time flush in turn, so that nothing is sent twice.
   */
  flush(): Promise<'empty' | 'kept'> {
    const mine = this.#turn.then(() => this.#flushNow());
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  async #flushNow(): Promise<'empty' | 'kept'> {
    const { store, clock } = this.#options;
    let size = MAX_BATCH;
    for (;;) {
      const batch = store.queued(size);
      if (batch.length === 0) return 'empty';
      if (this.#holders > 0 || this.#isQuiet(clock.now())) return 'kept';
      const answer = await this.#post(batch.map(({ event }) => event));
      if (answer === 'failed') return 'kept';
      if (answer === 'too_large' && batch.length > 1) {
        size = Math.ceil(batch.length / 2);
        continue;
      }
      store.remove(batch.map(({ id }) => id));
    }
  }

  /** A clock that was set back meanwhile says nothing of how long it was. */
  #isQuiet(nowMs: number): boolean {
    return nowMs >= this.#quiet.fromMs && nowMs < this.#quiet.untilMs;
  }

  async #post(
    events: readonly DeviceEvent[],
  ): Promise<'accepted' | 'not_supported' | 'too_large' | 'failed'> {
    const { gateway, clock, onFailure } = this.#options;
    try {
      return await gateway.postEvents(events);
    } catch (error) {
      if (!(error instanceof CodedError) || error.family !== 'TransportError') throw error;
      const fromMs = clock.now();
      this.#quiet = { fromMs, untilMs: fromMs + QUIET_MS };
      onFailure(error);
      return 'failed';
    }
  }
}
