// The recheck before a download and before an installation: the stored metadata of both repositories, in full, now.
// The targets that go on are those of this verdict, never those that the state remembers. client-protocol 6.5, 6.6;
// Uptane Standard #full_verification.
import type { VerifiedTarget } from '@ota-connect/uptane';
import { storeTarget, type Update } from '../update-cycle/states.ts';
import type { CycleEvent } from '../update-cycle/transitions.ts';
import type { StepContext } from './context.ts';
import { verifyUpdates } from './verify-updates.ts';

export type Confirmed = {
  readonly kind: 'confirmed';
  readonly update: Update;
  readonly targets: readonly VerifiedTarget[];
};

export async function confirmUpdate(
  context: StepContext,
): Promise<Confirmed | Extract<CycleEvent, { kind: 'MetadataRefused' | 'UpdateWithdrawn' }>> {
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
