// What a medium has for this Primary, verified in full by what is known of the time, with no network; and the same again
// from what was kept of it, before a copy and before an installation. client-protocol 12.3
import {
  MetadataError,
  offlineVerification,
  storedLockbox,
  storedSource,
  type Lockbox,
  type LockboxSource,
  type MetadataSource,
  type OfflineVerdict,
} from '@ota-connect/uptane';
import type { Medium } from '../ports.ts';
import { primaryOf, vehicleOf, type StepContext } from './context.ts';

/** @throws MetadataError for what all lockboxes need */
export function verifyMedium(context: StepContext, medium: Medium): Promise<OfflineVerdict> {
  return verify(context, medium.lockboxes, { director: medium.directorRoots, image: medium.image });
}

/** The chosen lockbox, from the storage. @throws MetadataError */
export async function verifyStoredLockbox(context: StepContext, name: string): Promise<Lockbox> {
  const { offline, metadata } = context.storage;
  const { lockboxes, passedOver } = await verify(context, storedLockbox(offline.documents, name), {
    director: storedSource(metadata.director),
    image: storedSource(offline.image),
  });
  const [lockbox] = lockboxes;
  if (lockbox !== undefined) return lockbox;
  throw passedOver[0]?.error ?? new MetadataError('MetadataFetchFailure', 'The lockbox is not stored.');
}

function verify(
  context: StepContext,
  lockboxes: LockboxSource,
  sources: { readonly director: MetadataSource; readonly image: MetadataSource },
): Promise<OfflineVerdict> {
  const { offline, metadata } = context.storage;
  const { serial } = primaryOf(context);
  const vehicle = vehicleOf(context);
  // Secondaries verify by the Director's own Targets, which a lockbox does not have.
  const primaryAlone = { ...vehicle, ecus: vehicle.ecus.filter((ecu) => ecu.serial === serial) };
  const medium = {
    director: { name: 'director', source: sources.director, store: metadata.director },
    lockboxes,
    store: offline.documents,
    image: {
      medium: { name: 'image', source: sources.image, store: offline.image },
      online: metadata.image,
    },
  } as const;
  // It raises no bound: what lies on media lives for months, and would hold under a clock that is as far ahead.
  return offlineVerification(primaryAlone, medium, context.time.now());
}
