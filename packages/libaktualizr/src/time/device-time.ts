// What time it is on this device, for whoever judges expiry: the clock while it may be right, else a time that the Director
// attested, counted on without the clock. What is known for certain outlives the process. docs/adr/0015-time.md;
// Uptane Standard #check_time_primary, #time_server
import { randomBytes } from 'node:crypto';
import {
  checkAttestedTime,
  formatInstant,
  instantOfClock,
  MetadataError,
  storedAttestedTime,
  timeFloor,
  trustedTime,
  type Instant,
  type KnownTime,
  type MetadataStore,
  type Root,
} from '@ota-connect/uptane';
import type { Clock, Gateway, TimeStore } from '../ports.ts';
import type { Log } from '../steps/context.ts';
import { askTime, attestingRoot } from './ask-time.ts';
import { BUILT_NOT_BEFORE } from './built-not-before.ts';
import type { Attestation, SureOf } from './judge-certificate.ts';

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

/** Times for the manifest, which has one name for what was attested and what was verified. */
type ReportedTimes = { readonly attestedTime?: Instant; readonly previousAttestedTime?: Instant };

type Stored = {
  readonly attestation: Uint8Array | undefined;
  readonly previousAttested: Instant | undefined;
  readonly verified: Instant | undefined;
};

export class DeviceTime {
  readonly #options: DeviceTimeOptions;
  /** What the store holds, read once: nobody else writes it. */
  #stored: Stored | undefined;
  /** The time that was attested in this process, and when by the clock that nobody sets. */
  #attested: { readonly time: Instant; readonly sinceMs: number } | undefined;
  #attestations = 0;

  constructor(options: DeviceTimeOptions) {
    this.#options = options;
  }

  /** Asks nobody. Never before what is known for certain. */
  now(): Instant {
    const known = this.#known();
    const counted = this.#counted();
    if (counted === undefined) return trustedTime(known).now;
    return Math.max(timeFloor(known), counted) as Instant;
  }

  /**
   * Before metadata are fetched: asks for the time when the clock cannot be right and the Director attests one.
   * @throws MetadataError TimeUntrusted; MetadataFetchFailure when the Director cannot be asked, with why as its cause
   */
  async prepare(): Promise<void> {
    if (this.#isFresh()) return;
    if (this.#isClockTrusted()) {
      this.#attested = undefined;
      return;
    }
    const root = this.#attestingRoot();
    if (root !== undefined) await this.#attest(root);
  }

  /** After metadata were fetched: whether the Root that came with them attests a time that nobody has asked for yet. */
  isAttestationDue(): boolean {
    return !this.#isClockTrusted() && !this.#isFresh() && this.#attestingRoot() !== undefined;
  }

  /**
   * After metadata had expired under that time: whether an attested one says that it is ahead. `unasked`: what it means
   * that the Director cannot be asked.
   * @throws MetadataError MetadataFetchFailure, when that leaves it open
   */
  async isAhead(of: Instant, unasked: 'taken for no' | 'left open' = 'taken for no'): Promise<boolean> {
    const root = this.#attestingRoot();
    if (root === undefined || this.#isFresh()) return false;
    try {
      await this.#attest(root);
    } catch (error) {
      if (!(error instanceof MetadataError)) throw error;
      if (unasked === 'left open' && error.code === 'MetadataFetchFailure') throw error;
      this.#options.log('info', `Metadata expired by the clock of this device. ${error.message}`);
      return false;
    }
    return of - this.now() > TOLERANCE_SECONDS;
  }

  /** For the dates of certificates, which the clock alone must not decide. */
  sureOf(): SureOf {
    const { clockMs, ...known } = this.#known();
    return { bound: timeFloor(known), attested: this.#counted(), clockMs };
  }

  /** Asks the Director, whatever was known before. @throws MetadataError as `prepare` */
  async attest(): Promise<Attestation> {
    const root = this.#attestingRoot();
    if (root === undefined) return this.#options.director.load('root') === undefined ? 'unmet' : 'nobody';
    await this.#attest(root);
    return 'attested';
  }

  /** How often the time was attested in this process. */
  attestations(): number {
    return this.#attestations;
  }

  /** Metadata held under this time: it cannot be earlier any more. */
  held(at: Instant): void {
    const stored = this.#read();
    if (stored.verified !== undefined && at - stored.verified < WRITTEN_EVERY_SECONDS) return;
    this.#options.store.saveVerified(at);
    this.#stored = { ...stored, verified: at };
  }

  /**
   * The last that were attested; else, to a Director that could attest one, the latest that metadata held under. Originals
   * get their own constant.
   */
  timesToReport(): ReportedTimes {
    const attestedTime = this.#lastAttested();
    const { previousAttested: previousAttestedTime, verified } = this.#read();
    if (attestedTime === undefined) {
      const isUnderstood = verified !== undefined && this.#attestingRoot() !== undefined;
      return isUnderstood ? { attestedTime: verified } : {};
    }
    return previousAttestedTime === undefined ? { attestedTime } : { attestedTime, previousAttestedTime };
  }

  async #attest(root: Root): Promise<void> {
    const { gateway, store, log } = this.#options;
    const nonce = randomBytes(16).toString('hex');
    const received = await askTime(gateway, nonce);
    const notBefore = this.#lastAttested();
    const time = checkAttestedTime(
      received,
      root,
      notBefore === undefined ? { nonce } : { nonce, notBefore },
    );
    // Under a clock that ran ahead metadata may have held, of the Director alone: what is attested overrules that.
    store.saveAttestation(received, { time, ...(notBefore === undefined ? {} : { previous: notBefore }) });
    this.#stored = undefined;
    this.#attested = { time, sinceMs: this.#monotonic() };
    this.#attestations += 1;
    log('info', `The Director attests that it is ${formatInstant(time)}.`);
  }

  #read(): Stored {
    const { store } = this.#options;
    this.#stored ??= {
      attestation: store.attestation(),
      previousAttested: store.previousAttested(),
      verified: store.verified(),
    };
    return this.#stored;
  }

  #known(): KnownTime {
    const lastVerified = this.#read().verified;
    const lastAttested = this.#lastAttested();
    return {
      clockMs: this.#options.clock.now(),
      builtNotBefore: BUILT_NOT_BEFORE,
      ...(lastVerified === undefined ? {} : { lastVerified }),
      ...(lastAttested === undefined ? {} : { lastAttested }),
    };
  }

  #lastAttested(): Instant | undefined {
    const { attestation } = this.#read();
    const root = attestation === undefined ? undefined : this.#attestingRoot();
    return attestation === undefined || root === undefined
      ? undefined
      : storedAttestedTime(attestation, root);
  }

  /** The attested time, counted on; undefined when there is none, or its keys were withdrawn since. */
  #counted(): Instant | undefined {
    if (this.#attested === undefined || this.#attested.time !== this.#lastAttested()) return undefined;
    return instantOfClock(this.#attested.time * 1000 + this.#ageMs(this.#attested.sinceMs));
  }

  #isFresh(): boolean {
    return (
      this.#attested !== undefined &&
      this.#ageMs(this.#attested.sinceMs) < FRESH_MS &&
      this.#counted() !== undefined
    );
  }

  /** Not below what is certain, and not apart from what was attested in this process. */
  #isClockTrusted(): boolean {
    const { now, isTrusted } = trustedTime(this.#known());
    const counted = this.#counted();
    return isTrusted && (counted === undefined || Math.abs(now - counted) <= TOLERANCE_SECONDS);
  }

  #attestingRoot(): Root | undefined {
    return attestingRoot(this.#options.director);
  }

  #ageMs(sinceMs: number): number {
    return this.#monotonic() - sinceMs;
  }

  #monotonic(): number {
    const { clock } = this.#options;
    return clock.monotonic === undefined ? performance.now() : clock.monotonic();
  }
}
