// The Director's side of full verification: Root, then Timestamp and Snapshot where it serves them, then Targets for this
// very vehicle. A Director that once served all roles has to go on doing so, else someone drops requests.
// Source: Uptane Standard #full_verification, steps for the Director repository
import { MetadataError } from '../errors.ts';
import type { Limits } from '../limits.ts';
import type { Snapshot } from '../metadata/snapshot.ts';
import type { Targets } from '../metadata/targets.ts';
import type { Instant } from '../time.ts';
import { checkDirectorTargets, type Addressee } from './check-director-targets.ts';
import { openSession } from './follow-roots.ts';
import type { Repository } from './metadata-source.ts';
import { authorityOf } from './trusted-metadata.ts';
import {
  fetchTargets,
  keep,
  listingOf,
  present,
  storedTargetsVersion,
  updateSnapshot,
  updateTimestamp,
  type Session,
} from './update-metadata.ts';
import type { Vehicle } from './verdict.ts';

/** Verified and kept. @throws MetadataError */
export async function updateDirector(
  vehicle: Vehicle,
  director: Repository,
  now: Instant,
  limits: Limits,
): Promise<Targets> {
  const session = await openSession(director, now, limits);
  const snapshot = await updateFullRoles(session, vehicle.directorFullRoles ?? 'auto');
  const flags = director.store.flags();
  const isNew = snapshot !== undefined && !flags.directorFullRoles();
  const targets = await updateDirectorTargets(session, vehicle, snapshot);
  if (isNew) flags.rememberDirectorFullRoles(true);
  return targets;
}

/** Targets alone, where there is no Snapshot to say which. @throws MetadataError */
export async function updateDirectorTargets(
  session: Session,
  addressee: Addressee,
  snapshot?: Snapshot,
): Promise<Targets> {
  const { repository: director, trust } = session;
  const listing = snapshot === undefined ? undefined : listingOf(snapshot, 'targets', 'director');
  // Under a Snapshot that is known of old its history guards the version; before, what is stored does.
  const isGuarded = snapshot !== undefined && director.store.flags().directorFullRoles();
  const floor = isGuarded ? undefined : storedTargetsVersion(session);
  const expected = {
    role: 'targets' as const,
    authority: authorityOf(trust.root, 'targets', 'director'),
    ...(listing === undefined ? {} : { listing }),
    ...(floor === undefined ? {} : { floor }),
  };
  const answer = present(
    await fetchTargets(session, expected, trust.limits.directorTargetsBytes),
    director,
    'targets',
  );
  checkDirectorTargets(answer.targets, addressee);
  keep(director, 'targets', answer.received, answer.targets.version);
  return answer.targets;
}

/** undefined: this Director serves Root and Targets alone, as originals expect it. */
async function updateFullRoles(
  session: Session,
  mode: 'auto' | 'required' | 'off',
): Promise<Snapshot | undefined> {
  const { repository, trust } = session;
  const flags = repository.store.flags();
  // A Snapshot that was verified is proof as well, even if Targets was withheld and nothing is remembered yet.
  const wasServed = flags.directorFullRoles() || repository.store.load('snapshot') !== undefined;
  if (mode === 'off') {
    if (wasServed) forgetFullRoles(repository);
    return undefined;
  }
  const demanded = mode === 'required' || wasServed;
  const offered = trust.root.roles.has('timestamp') && trust.root.roles.has('snapshot');
  const timestamp = offered ? await updateTimestamp(session) : undefined;
  if (timestamp === undefined) {
    if (demanded) throw dropped('Timestamp');
    return undefined;
  }
  const snapshot = await updateSnapshot(session, timestamp);
  if (snapshot === undefined && demanded) throw dropped('Snapshot');
  return present(snapshot, repository, 'snapshot');
}

function forgetFullRoles({ store }: Repository): void {
  store.remove('timestamp');
  store.remove('snapshot');
  store.flags().rememberDirectorFullRoles(false);
}

function dropped(role: 'Timestamp' | 'Snapshot'): MetadataError {
  const text = `The Director no longer serves ${role}, which it has to.`;
  return new MetadataError('DroppedRole', text, { role, repository: 'director' });
}
