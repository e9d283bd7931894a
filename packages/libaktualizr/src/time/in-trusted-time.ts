// One verification by what comes from the servers, under the best time there is. The time is asked for before, when the
// clock cannot be right; after, when the Director's Root only now says that the Director attests it; and when metadata
// expired by a clock that may be ahead. docs/adr/0015-time.md
import { MetadataError, type Instant } from '@ota-connect/uptane';
import { innermostOf } from '../reports/attacks.ts';
import type { DeviceTime } from './device-time.ts';

/** @throws what `verify` does, and MetadataError TimeUntrusted, MetadataFetchFailure for the time */
export async function inTrustedTime<T>(time: DeviceTime, verify: (now: Instant) => Promise<T>): Promise<T> {
  await time.prepare();
  const found = await unlessAhead(time, verify);
  if (!time.isAttestationDue()) return found;
  await time.prepare();
  return inKnownTime(time, verify);
}

/**
 * The same of what is stored, which needs no network, but for one question: where it has expired by a clock that may be
 * ahead, whether it is. A Director that attests the time and cannot be asked leaves it open.
 * @throws what `verify` does, and MetadataError MetadataFetchFailure for the time
 */
export async function inKnownTimeUnlessAhead<T>(
  time: DeviceTime,
  verify: (now: Instant) => Promise<T>,
): Promise<T> {
  return unlessAhead(time, verify, 'left open');
}

/** The same with no network: under what is known. */
export async function inKnownTime<T>(time: DeviceTime, verify: (now: Instant) => Promise<T>): Promise<T> {
  const now = time.now();
  const found = await verify(now);
  time.held(now);
  return found;
}

async function unlessAhead<T>(
  time: DeviceTime,
  verify: (now: Instant) => Promise<T>,
  unasked: 'taken for no' | 'left open' = 'taken for no',
): Promise<T> {
  const now = time.now();
  try {
    return await inKnownTime(time, verify);
  } catch (error) {
    if (!isOfExpiry(error) || !(await time.isAhead(now, unasked))) throw error;
    return inKnownTime(time, verify);
  }
}

/** Of any role: that of a delegated one is called a mismatch of the target, which the expiry has caused. */
function isOfExpiry(error: unknown): boolean {
  return error instanceof MetadataError && innermostOf(error).code === 'ExpiredMetadata';
}
