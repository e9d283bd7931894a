// What others may do to the polling loop while it runs, and what they may know of it: a person who asks by hand, a
// configuration that was read again, a server that is back. The loop alone calls what is marked so.
export class PollingControl {
  #pause: AbortController | undefined;
  #isPollWanted = false;
  #isEnding = false;
  #failures = 0;
  #retryAfterSeconds: number | undefined;
  #nextPollAt: number | undefined;

  /** In a row, up to now. */
  get failures(): number {
    return this.#failures;
  }

  /** What the server asked for with the last failure. */
  get retryAfterSeconds(): number | undefined {
    return this.#retryAfterSeconds;
  }

  /** Milliseconds since the epoch; undefined while a poll is under way and when none will come. */
  get nextPollAt(): number | undefined {
    return this.#nextPollAt;
  }

  /** Ends the pause: the next poll begins as soon as no verb is in its way. */
  pollNow(): void {
    this.#isPollWanted = true;
    this.#pause?.abort();
  }

  /** Begins the pause anew, by settings that may have changed. */
  restartPause(): void {
    this.#pause?.abort();
  }

  /** The loop ends with `ended` before its next poll; what is under way goes on to its end. */
  end(): void {
    this.#isEnding = true;
    this.#pause?.abort();
  }

  /** The server answered, whoever asked: pauses are of their usual length again. */
  succeeded(): void {
    const wasFailing = this.#failures > 0;
    this.#failures = 0;
    this.#retryAfterSeconds = undefined;
    if (wasFailing) this.#pause?.abort();
  }

  failed(retryAfterSeconds?: number): void {
    this.#failures += 1;
    this.#retryAfterSeconds = retryAfterSeconds;
  }

  /** The loop's: `next` is undefined when no poll will follow. Answers the signal that ends this pause. */
  beginPause(next: number | undefined): AbortSignal {
    this.#nextPollAt = next;
    this.#pause = new AbortController();
    if (this.#isPollWanted || this.#isEnding) this.#pause.abort();
    return this.#pause.signal;
  }

  /** The loop's. Answers why the pause is over. */
  endPause(): 'end' | 'poll' | 'anew' {
    this.#pause = undefined;
    this.#nextPollAt = undefined;
    if (this.#isEnding) return 'end';
    if (!this.#isPollWanted) return 'anew';
    this.#isPollWanted = false;
    return 'poll';
  }
}
