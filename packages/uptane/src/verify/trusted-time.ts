// What time it is for whoever judges expiry: the device's clock, unless it lies below what is known for certain. The past
// has a floor that only rises: the software was built, metadata held, a time was attested. Nothing bounds the future: a
// clock that runs ahead refuses what is good, and accepts nothing that is bad. docs/adr/0015-time.md
// Source: Uptane Standard #check_time_primary, #build_time
import { parseInstant, type Instant } from '../time.ts';

export type KnownTime = {
  /** What the device's clock says, in milliseconds since 1970; any number at all. */
  readonly clockMs: number;
  /** The software is not older. */
  readonly builtNotBefore: Instant;
  /** Under this time metadata held. */
  readonly lastVerified?: Instant;
  readonly lastAttested?: Instant;
};

export type TrustedTime = {
  /** Never below the floor. */
  readonly now: Instant;
  /** Whether the clock may be right. */
  readonly isTrusted: boolean;
};

const LAST_INSTANT = parseInstant('9999-12-31T23:59:59Z');

export function trustedTime(known: KnownTime): TrustedTime {
  const floor = timeFloor(known);
  const seconds = Math.floor(known.clockMs / 1000);
  const isTrusted = seconds >= floor && seconds <= LAST_INSTANT;
  return { now: isTrusted ? (seconds as Instant) : floor, isTrusted };
}

/** It cannot be earlier than this. */
export function timeFloor({
  builtNotBefore,
  lastVerified,
  lastAttested,
}: Omit<KnownTime, 'clockMs'>): Instant {
  return Math.max(builtNotBefore, lastVerified ?? builtNotBefore, lastAttested ?? builtNotBefore) as Instant;
}
