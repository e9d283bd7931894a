// The clock of the system that the library runs on. ports.ts
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../ports.ts';
import { monotonicMs } from '../time/monotonic.ts';

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: monotonicMs,
  sleep: (ms, signal) => sleep(ms, undefined, { signal }),
};
