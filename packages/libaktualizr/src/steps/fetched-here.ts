// Which images the Primary fetches: all but the OSTree commits that are for Secondaries alone, which pull them themselves.
// client-protocol 6.5.
import type { VerifiedTarget } from '@ota-connect/uptane';
import { primaryOf, type StepContext } from './context.ts';

export function isFetchedHere(context: StepContext, { ecus, targetFormat }: VerifiedTarget): boolean {
  return targetFormat !== 'OSTREE' || ecus.has(primaryOf(context).serial);
}
