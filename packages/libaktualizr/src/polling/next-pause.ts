// How long a daemon waits until its next poll: the interval, doubled by each failure in a row up to a ceiling, never less
// than what the server asked for, and with a random part, so that a fleet that started together does not stay together.
// client-features W-01; RFC 9110 Retry-After.
import type { PollingSettings } from './polling-settings.ts';

export type Situation = {
  /** In a row, up to now. */
  readonly failures: number;
  /** What the server asked for with the last failure. */
  readonly retryAfterSeconds?: number | undefined;
  /** From 0 up to 1. */
  readonly random: number;
};

/** A server that asks for more is not believed: a device has to come back some day. */
const MAX_RETRY_AFTER_SECONDS = 86_400;

/** Milliseconds. */
export function nextPause(
  settings: Pick<PollingSettings, 'pollingMs' | 'jitterPercent' | 'maxBackoffMs'>,
  { failures, retryAfterSeconds = 0, random }: Situation,
): number {
  const { pollingMs, jitterPercent, maxBackoffMs } = settings;
  const backedOff = Math.min(pollingMs * 2 ** Math.min(failures, 32), Math.max(maxBackoffMs, pollingMs));
  const share = jitterPercent / 100;
  const pause = backedOff * (1 + share * (2 * random - 1));
  // Everybody who was turned away was given the same time: they come back spread out behind it, and nobody before.
  const asked = Math.min(retryAfterSeconds, MAX_RETRY_AFTER_SECONDS) * 1000 * (1 + share * random);
  return Math.round(Math.max(pause, asked));
}
