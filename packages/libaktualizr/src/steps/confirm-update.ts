// The recheck before a download and before an installation: the stored metadata of both repositories, in full, now.
// The targets that go on are those of this verdict, never those that the state remembers. client-protocol 6.5, 6.6;
// Uptane Standard #full_verification.
import { MetadataError, type VerifiedTarget } from '@ota-connect/uptane';
import { storeTarget, type Update } from '../update-cycle/states.ts';
import type { CycleEvent } from '../update-cycle/transitions.ts';
import type { StepContext } from './context.ts';
import { recordAttack } from './record-attack.ts';
import { verifyStoredLockbox } from './verify-offline.ts';
import { refuse, verifyUpdates } from './verify-updates.ts';

export type Confirmed = {
  readonly kind: 'confirmed';
  readonly update: Update;
  readonly targets: readonly VerifiedTarget[];
};

export async function confirmUpdate(
  context: StepContext,
): Promise<Confirmed | Extract<CycleEvent, { kind: 'MetadataRefused' | 'UpdateWithdrawn' }>> {
  const state = context.storage.cycle.load();
  const medium = 'update' in state ? state.update.medium : undefined;
  if (medium !== undefined) return confirmLockbox(context, medium);
  const verdict = await verifyUpdates(context, 'storage');
  switch (verdict.kind) {
    case 'MetadataRefused':
      return verdict;
    case 'MetadataRefusedAgain':
    case 'nothing_new':
      return { kind: 'UpdateWithdrawn' };
    case 'updates': {
      const update = {
        correlationId: verdict.correlationId ?? '',
        targets: verdict.targets.map(storeTarget),
      };
      return { kind: 'confirmed', update, targets: verdict.targets };
    }
  }
}

async function confirmLockbox(
  context: StepContext,
  medium: NonNullable<Update['medium']>,
): Promise<Confirmed | Extract<CycleEvent, { kind: 'MetadataRefused' | 'UpdateWithdrawn' }>> {
  try {
    const { correlationId, targets } = await verifyStoredLockbox(context, medium.lockbox);
    if (targets.length === 0) return { kind: 'UpdateWithdrawn' };
    const update = { correlationId, targets: targets.map(storeTarget), medium };
    return { kind: 'confirmed', update, targets };
  } catch (error) {
    if (!(error instanceof MetadataError)) throw error;
    if (error.code === 'MetadataFetchFailure') return { kind: 'UpdateWithdrawn' };
    recordAttack(context, error);
    const refused = refuse(context, error, '');
    return refused.kind === 'MetadataRefused'
      ? { ...refused, kind: 'MetadataRefused' }
      : { kind: 'UpdateWithdrawn' };
  }
}
