// How often a daemon polls, in the units of the loop, drawn from the configuration. client-features W-01.
import type { Config } from '../config/config.ts';

export type PollingSettings = {
  /** false: the loop lives on without asking anybody. */
  readonly isOnline: boolean;
  readonly pollingMs: number;
  /** By how much of itself each pause differs at random, both ways. */
  readonly jitterPercent: number;
  /** The longest pause after failures in a row; never less than `pollingMs`. */
  readonly maxBackoffMs: number;
  /** An unchanged manifest is sent again when the last one is older. */
  readonly manifestMaxAgeMs: number;
};

/** Every ten seconds, whatever happens. */
export const AS_ORIGINAL: PollingSettings = {
  isOnline: true,
  pollingMs: 10_000,
  jitterPercent: 0,
  maxBackoffMs: 10_000,
  manifestMaxAgeMs: 0,
};

/** 0 is legal in the configuration and would be a busy loop. */
const MIN_POLLING_MS = 1000;

export function pollingSettings({ uptane }: Pick<Config, 'uptane'>): PollingSettings {
  return {
    isOnline: uptane.enableOnlineUpdates,
    pollingMs: Math.max(uptane.pollingSec * 1000, MIN_POLLING_MS),
    jitterPercent: uptane.pollingJitterPercent,
    maxBackoffMs: uptane.pollingMaxBackoffSec * 1000,
    manifestMaxAgeMs: uptane.manifestMaxAgeSec * 1000,
  };
}
