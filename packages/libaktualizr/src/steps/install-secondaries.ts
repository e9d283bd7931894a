// Tells the Secondaries to install what they have taken in, side by side; each ends for itself, at once in the storage.
// client-protocol 6.6 step 6.
import { askSecondaries } from './ask-secondaries.ts';
import type { StepContext } from './context.ts';
import type { Assigned, Installation } from './ecu-outcome.ts';
import { interruptedTooOften } from './install-primary.ts';

type Work = { readonly installation: Installation; readonly assigned: readonly Assigned[] };

export async function installSecondaries(
  context: StepContext,
  { installation, assigned }: Work,
  signal: AbortSignal,
): Promise<void> {
  if (assigned.length === 0) return;
  for (const one of assigned) installation.begin(one);
  await context.reports.flush();
  await askSecondaries(
    context,
    assigned,
    async (secondary, one) =>
      interruptedTooOften(context, installation, one) ?? secondary.install(one.target, signal),
    (one, result) => installation.end(one, result),
  );
  await context.reports.flush();
}
