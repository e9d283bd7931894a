// What time it is on this device, for whoever judges expiry: the clock while it may be right, else a time that the Director
// attested, counted on without the clock. What is known for certain outlives the process. docs/adr/0015-time.md;
// Uptane Standard #check_time_primary, #time_server
import { randomBytes } from 'node:crypto';
import {
  checkAttestedTime,
  formatInstant,
  instantOfClock,
  MetadataError,
  parseEnvelope,
  parseRoot,
  storedAttestedTime,
  timeFloor,
  timeUntrusted,
  trustedTime,
  type Instant,
  type KnownTime,
  type MetadataStore,
  type Root,
} from '@ota-connect/uptane';
import { TransportError } from '../errors.ts';
import type { Clock, Gateway, TimeStore } from '../ports.ts';
import type { Log } from '../steps/context.ts';
import { BUILT_NOT_BEFORE } from './built-not-before.ts';

/** Then it is asked for again, where it is still needed. */
const FRESH_MS = 3_600_000;
/** So far a clock and what was attested may be apart. */
const TOLERANCE_SECONDS = 300;
/** Metadata hold at every poll; so often it is written down. */
const WRITTEN_EVERY_SECONDS = 3600;

export type DeviceTimeOptions = {
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly store: TimeStore;
  readonly director: Pick<MetadataStore, 'load'>;
  readonly gateway: Pick<Gateway, 'attestedTime'>;
  readonly log: Log;
};

/** Times for the manifest. */
export type AttestedTimes = { readonly attestedTime?: Instant; readonly previousAttestedTime?: Instant };

export class DeviceTime {
  readonly #options: DeviceTimeOptions;
  /** The time that was attested in this process, and when by the clock that nobody sets. */
  #attested: { readonly time: Instant; readonly sinceMs: number } | undefined;

  constructor(options: DeviceTimeOptions) {
    this.#options = options;
  }

  /** Asks nobody. Never before what is known for certain. */
  now(): Instant {
    const root = this.#directorRoot();
    const known = this.#known(root);
    const counted = this.#counted(root);
    if (counted === undefined) return trustedTime(known).now;
    return Math.max(timeFloor(known), counted) as Instant;
  }

  /**
   * Before metadata are fetched: asks for the time when the clock cannot be right and the Director attests one.
   * @throws MetadataError TimeUntrusted; MetadataFetchFailure when the Director cannot be asked, with why as its cause
   */
  async prepare(): Promise<void> {
    const root = this.#directorRoot();
    if (this.#isFresh(root)) return;
    if (this.#isClockTrusted(root)) this.#attested = undefined;
    else if (root?.timeKeys !== undefined) await this.#attest(root);
  }

  /** After metadata were fetched: whether the Root that came with them attests a time that nobody has asked for yet. */
  isAttestationDue(): boolean {
    const root = this.#directorRoot();
    return root?.timeKeys !== undefined && !this.#isFresh(root) && !this.#isClockTrusted(root);
  }

  /** After metadata had expired under that time: whether an attested one says that it is ahead. */
  async isAhead(of: Instant): Promise<boolean> {
    const root = this.#directorRoot();
    if (root?.timeKeys === undefined || this.#isFresh(root)) return false;
    try {
      await this.#attest(root);
    } catch (error) {
      if (!(error instanceof MetadataError)) throw error;
      this.#options.log('info', `Metadata expired by the clock of this device. ${error.message}`);
      return false;
    }
    return of - this.now() > TOLERANCE_SECONDS;
  }

  /** Metadata held under this time: it cannot be earlier any more. */
  held(at: Instant): void {
    const verified = this.#options.store.verified();
    if (verified === undefined || at - verified >= WRITTEN_EVERY_SECONDS)
      this.#options.store.saveVerified(at);
  }

  attestedTimes(): AttestedTimes {
    const attestedTime = this.#lastAttested(this.#directorRoot());
    const previousAttestedTime = this.#options.store.previousAttested();
    if (attestedTime === undefined) return {};
    return previousAttestedTime === undefined ? { attestedTime } : { attestedTime, previousAttestedTime };
  }

  async #attest(root: Root): Promise<void> {
    const { store, log } = this.#options;
    const nonce = randomBytes(16).toString('hex');
    const received = await this.#ask(nonce);
    const notBefore = this.#lastAttested(root);
    const time = checkAttestedTime(
      received,
      root,
      notBefore === undefined ? { nonce } : { nonce, notBefore },
    );
    store.saveAttestation(received, notBefore);
    this.#attested = { time, sinceMs: this.#monotonic() };
    log('info', `The Director attests that it is ${formatInstant(time)}.`);
  }

  async #ask(nonce: string): Promise<Uint8Array> {
    const received = await this.#options.gateway.attestedTime(nonce).catch((cause: unknown) => {
      if (!(cause instanceof TransportError)) throw cause;
      if (cause.details.tooLong === true) throw timeUntrusted('it does not end', cause);
      throw new MetadataError('MetadataFetchFailure', 'The Director could not be asked for the time.', {
        repository: 'director',
        cause,
      });
    });
    if (received === 'absent')
      throw timeUntrusted('the Director gives none, although its Root names keys for it');
    return received;
  }

  #known(root: Root | undefined): KnownTime {
    const { clock, store } = this.#options;
    const lastVerified = store.verified();
    const lastAttested = this.#lastAttested(root);
    return {
      clockMs: clock.now(),
      builtNotBefore: BUILT_NOT_BEFORE,
      ...(lastVerified === undefined ? {} : { lastVerified }),
      ...(lastAttested === undefined ? {} : { lastAttested }),
    };
  }

  #lastAttested(root: Root | undefined): Instant | undefined {
    const stored = this.#options.store.attestation();
    return stored === undefined || root === undefined ? undefined : storedAttestedTime(stored, root);
  }

  /** The attested time, counted on; undefined when there is none, or its keys were withdrawn since. */
  #counted(root: Root | undefined): Instant | undefined {
    if (this.#attested === undefined || this.#attested.time !== this.#lastAttested(root)) return undefined;
    return instantOfClock(this.#attested.time * 1000 + this.#ageMs(this.#attested.sinceMs));
  }

  #isFresh(root: Root | undefined): boolean {
    return (
      this.#attested !== undefined &&
      this.#ageMs(this.#attested.sinceMs) < FRESH_MS &&
      this.#counted(root) !== undefined
    );
  }

  /** Not below what is certain, and not apart from what was attested in this process. */
  #isClockTrusted(root: Root | undefined): boolean {
    const { now, isTrusted } = trustedTime(this.#known(root));
    const counted = this.#counted(root);
    return isTrusted && (counted === undefined || Math.abs(now - counted) <= TOLERANCE_SECONDS);
  }

  /** Stored, and therefore verified. One that cannot be read attests nothing; verification says what is wrong with it. */
  #directorRoot(): Root | undefined {
    const stored = this.#options.director.load('root');
    if (stored === undefined) return undefined;
    try {
      return parseRoot(parseEnvelope(stored, { role: 'root', repository: 'director' }), 'director');
    } catch (error) {
      if (error instanceof MetadataError) return undefined;
      throw error;
    }
  }

  #ageMs(sinceMs: number): number {
    return this.#monotonic() - sinceMs;
  }

  #monotonic(): number {
    const { clock } = this.#options;
    return clock.monotonic === undefined ? performance.now() : clock.monotonic();
  }
}
