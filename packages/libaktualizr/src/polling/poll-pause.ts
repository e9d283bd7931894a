// The pause between two polls. It can be ended from outside, and it notices that the machine slept or was given a later
// time meanwhile: timers stand still during a suspension. It wakes seldom, and an overdue poll comes soon after waking
// up, yet not from every machine of a fleet in the same second. client-features W-01.
import type { Clock } from '../ports.ts';

/** A machine that was suspended notices within this time that it is late. */
const LONGEST_NAP_MS = 300_000;
/** The wall clock is adjusted by small steps all the time. */
const LEAP_MS = 30_000;
/** Within this time after it was noticed, an overdue poll comes, at random. */
const SPREAD_MS = 60_000;

export type Pause = {
  readonly clock: Clock;
  readonly ms: number;
  readonly random: () => number;
  /** Ends the pause. */
  readonly signal: AbortSignal;
};

/** Resolves when the time has come or the signal aborts. */
export async function pauseUntilDue({ clock, ms, random, signal }: Pause): Promise<'due' | 'ended'> {
  const startedAt = clock.now();
  let sleptMs = 0;
  for (;;) {
    const leaptMs = leap(clock.now() - startedAt - sleptMs);
    const leftMs = ms - sleptMs - leaptMs;
    if (leftMs <= 0) return leaptMs === 0 ? 'due' : nap(clock, Math.min(SPREAD_MS, ms) * random(), signal);
    const nextMs = Math.min(leftMs, LONGEST_NAP_MS);
    if ((await nap(clock, nextMs, signal)) === 'ended') return 'ended';
    sleptMs += nextMs;
  }
}

/** What passed beside our timers. A clock that was set back says nothing. */
function leap(differenceMs: number): number {
  return differenceMs > LEAP_MS ? differenceMs : 0;
}

async function nap(clock: Clock, ms: number, signal: AbortSignal): Promise<'due' | 'ended'> {
  try {
    await clock.sleep(ms, signal);
    return 'due';
  } catch (error) {
    if (signal.aborted) return 'ended';
    throw error;
  }
}
