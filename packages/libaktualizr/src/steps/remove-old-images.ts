// Removes images that nobody will ask for any more: all but those that are installed or pending on an ECU, those of its last
// installations (pacman.keep_images), and those of the update that the state of the cycle names. Parts of an update that was
// withdrawn go with them. client-protocol 6.6 step 7; client-features DL-11.
import type { Hashes } from '@ota-connect/uptane';
import type { CycleState, Update } from '../update-cycle/states.ts';
import type { StepContext } from './context.ts';

/** Answers how many files were removed. */
export function removeOldImages(context: StepContext): number {
  const { identity, installations, cycle } = context.storage;
  const keep = context.keepImages ?? 2;
  const wanted: Hashes[] = updateOf(cycle.load())?.targets.map(({ hashes }) => hashes) ?? [];
  for (const { serial } of identity.ecus()) {
    const now = [installations.current(serial), installations.pending(serial)];
    const last = keep === 0 ? [] : installations.log(serial).slice(-keep);
    for (const version of [...now, ...last]) if (version !== undefined) wanted.push(version.hashes);
  }
  const removed = context.storedImages.keepOnly(wanted);
  for (const name of removed) context.log('info', `Removed the image ${name}, which is not needed any more.`);
  return removed.length;
}

function updateOf(state: CycleState): Update | undefined {
  if ('update' in state) return state.update;
  return 'before' in state ? state.before?.update : undefined;
}
