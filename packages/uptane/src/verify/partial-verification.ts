// Partial verification, for an ECU that cannot do more: the Director's Targets alone, by the keys of its Root. The ECU has
// both from its provisioning and without a Root refuses everything; a newer Root is followed where one is sent. It trusts
// the Director: what the Image repository says, a Primary has compared. Source: Uptane Standard #partial_verification, #check_targets
import { DEFAULT_LIMITS } from '../limits.ts';
import type { Instant } from '../time.ts';
import { updateDirectorTargets } from './director-repository.ts';
import { openSession } from './follow-roots.ts';
import { readOffers, takeTarget } from './match-targets.ts';
import { provisioned, type Repository } from './metadata-source.ts';
import type { PartialVerdict, Vehicle, VehicleEcu } from './verdict.ts';

export type PartialOptions = Pick<Vehicle, 'ids' | 'limits' | 'directorFullRoles'>;

/**
 * What is new for this one ECU, as the Director says it. `now` comes from elsewhere than the Primary where there is such
 * a source. @throws MetadataError whatever is refused, StorageError
 */
export async function partialVerification(
  ecu: VehicleEcu,
  director: Repository,
  now: Instant,
  options: PartialOptions = {},
): Promise<PartialVerdict> {
  const { ids, limits = DEFAULT_LIMITS, directorFullRoles } = options;
  const session = await openSession(provisioned(director), now, limits);
  const addressee = { ecus: [ecu], role: 'secondary', ...(ids === undefined ? {} : { ids }) } as const;
  const { targets, correlationId } = await updateDirectorTargets(session, addressee);
  const assignment = correlationId === undefined ? {} : { correlationId };
  const [offer] = readOffers(targets.values(), [ecu]);
  if (offer === undefined || offer.toUpdate.length === 0) return { kind: 'nothing_new', ...assignment };
  const countersAre = directorFullRoles === 'off' ? 'unknown to the Director' : 'kept up';
  return { kind: 'update', ...assignment, target: takeTarget(offer, countersAre) };
}
