// Whether a certificate holds by the time that this device can be sure of. A bound says that it is not earlier: what ended
// before it has expired, what begins after it may have begun. An attested time decides both. The clock decides only where
// nothing contradicts it and nobody attests anything. docs/adr/0021-certificates-and-the-time.md
import { instantOfClock, type Instant } from '@ota-connect/uptane';

/** Both ends are part of it. */
export type Validity = { readonly begins: Instant; readonly ends: Instant };

export type SureOf = {
  /** It is not earlier. */
  readonly bound: Instant;
  /** What the Director attested in this process, counted on. */
  readonly attested: Instant | undefined;
  readonly clockMs: number;
};

/** `contested`: the clock says no, or cannot be right; a time that somebody attests would tell. */
export type Judgement = 'valid' | 'expired' | 'not_yet_valid' | 'contested';

/** So far an attested time and the clock of whoever issues certificates may be apart. */
const TOLERANCE_SECONDS = 300;

export function judgeCertificate(
  { begins, ends }: Validity,
  { bound, attested, clockMs }: SureOf,
): Judgement {
  if (ends < bound || (attested !== undefined && ends < attested)) return 'expired';
  if (attested !== undefined) return begins > attested + TOLERANCE_SECONDS ? 'not_yet_valid' : 'valid';
  const clock = instantOfClock(clockMs);
  return clock >= bound && begins <= clock && clock <= ends ? 'valid' : 'contested';
}

/** `unmet`: this device has no Root of its Director yet. `nobody`: its Director attests no time. */
export type Attestation = 'attested' | 'nobody' | 'unmet';

/**
 * Of what is contested when nobody attests a time. A clock below the bound is wrong and says nothing. One that lies
 * before a certificate began may be wrong, and nothing is lost: the device's own authority has issued it. One that lies
 * after its end is believed, as by any other client: else a key that was stolen long ago would do as long as no
 * metadata are verified. A device that has not met its servers has to begin somewhere.
 */
export function settleUnattested({ ends }: Validity, known: SureOf, why: 'nobody' | 'unmet'): Judgement {
  const clock = instantOfClock(known.clockMs);
  return why === 'nobody' && clock >= known.bound && clock > ends ? 'expired' : 'valid';
}
