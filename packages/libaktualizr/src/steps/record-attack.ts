// Keeps what a refusal or a slow transfer points to until the Director has heard of it. Uptane Standard #version_report;
// a slow repository is told as any other attack.
import { attackText } from '../reports/attacks.ts';
import type { StepContext } from './context.ts';

/** `image`: the one that was fetched or found on the disk; absent: metadata. */
export function recordAttack({ storage, clock, log }: StepContext, error: unknown, image?: string): void {
  const text = attackText(error, image);
  if (text === undefined) return;
  const subject = image === undefined ? 'metadata' : 'image';
  const isNew = storage.attacks.record({ text, at: clock.now(), subject });
  // A refusal is the outcome of its verb, and told as such; what was slow is not said by any other line.
  if (isNew) log(text.startsWith('slow') ? 'warning' : 'debug', `The Director will be told of: ${text}.`);
}
