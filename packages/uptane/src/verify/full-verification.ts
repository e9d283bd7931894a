// Full verification in the Standard's order: the Director's roles; the end, when nothing is new; the Image
// repository's roles; and every image that the Director lists, new or not, has to be the same in the Image repository.
// Each role is kept as soon as it is verified; a failure leaves what was verified before. Source: Uptane Standard #full_verification
import { DEFAULT_LIMITS } from '../limits.ts';
import type { Instant } from '../time.ts';
import { compareImages } from './compare-images.ts';
import { updateDirector } from './director-repository.ts';
import { readOffers } from './match-targets.ts';
import { provisionedImages, type MappedRepositories } from './mapped-repositories.ts';
import { provisioned, type Repository } from './metadata-source.ts';
import type { Vehicle, Verdict } from './verdict.ts';

/**
 * What is new for this vehicle, as the Director says it and the Image repository, or whoever the repository mapping
 * names. On a Secondary the vehicle is that one ECU, and its first Roots are those of its provisioning. `now` is the time
 * by the best source there is.
 * @throws MetadataError whatever is refused (a source's own error as cause of `MetadataFetchFailure`), StorageError
 */
export async function fullVerification(
  vehicle: Vehicle,
  director: Repository,
  image: Repository | MappedRepositories,
  now: Instant,
): Promise<Verdict> {
  const limits = vehicle.limits ?? DEFAULT_LIMITS;
  const isSecondary = vehicle.role === 'secondary';
  const { targets, correlationId } = await updateDirector(
    vehicle,
    isSecondary ? provisioned(director) : director,
    now,
    limits,
  );
  const assignment = correlationId === undefined ? {} : { correlationId };
  const offers = readOffers(targets.values(), vehicle.ecus);
  if (offers.every((offer) => offer.toUpdate.length === 0)) return { kind: 'nothing_new', ...assignment };

  const countersAre = vehicle.directorFullRoles === 'off' ? 'unknown to the Director' : 'kept up';
  const images = isSecondary ? provisionedImages(image) : image;
  const verified = await compareImages(images, offers, { now, limits, countersAre });
  return { kind: 'updates', ...assignment, targets: verified.filter(({ ecus }) => ecus.size > 0) };
}
