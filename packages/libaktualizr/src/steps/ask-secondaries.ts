// Asks several Secondaries side by side. What a driver could not do is that ECU's result; an abort, and a defect of ours,
// end the step, once nobody is at work any more. client-features SEC-09; ports.ts
import type { EcuSerial } from '@ota-connect/uptane';
import { SecondaryError } from '../errors.ts';
import type { InstallationResult, Secondary } from '../ports.ts';
import type { StepContext } from './context.ts';
import type { Assigned } from './ecu-outcome.ts';

type Ask = (secondary: Secondary, assigned: Assigned) => Promise<InstallationResult>;

/** Answers by ECU, in the order in which they were given. `onAnswer` hears of each as soon as it is there. */
export async function askSecondaries(
  context: StepContext,
  assigned: readonly Assigned[],
  ask: Ask,
  onAnswer: (assigned: Assigned, result: InstallationResult) => void = () => undefined,
): Promise<ReadonlyMap<EcuSerial, InstallationResult>> {
  const settled = await Promise.allSettled(
    assigned.map(async (one) => {
      const result = await askOne(context, one, ask);
      onAnswer(one, result);
      return result;
    }),
  );
  const results = new Map<EcuSerial, InstallationResult>();
  for (const [index, answer] of settled.entries()) {
    if (answer.status === 'rejected') throw answer.reason;
    const ecu = assigned[index]?.ecu;
    if (ecu !== undefined) results.set(ecu, answer.value);
  }
  return results;
}

/** Of those that did not do what they were asked. */
export function failuresIn(
  results: ReadonlyMap<EcuSerial, InstallationResult>,
): ReadonlyMap<EcuSerial, InstallationResult> {
  return new Map([...results].filter(([, { success }]) => !success));
}

async function askOne(
  { secondaries }: StepContext,
  assigned: Assigned,
  ask: Ask,
): Promise<InstallationResult> {
  const secondary = secondaries.get(assigned.ecu);
  if (secondary === undefined) return failed(`No Secondary with the serial ${assigned.ecu} is plugged in.`);
  try {
    return await ask(secondary, assigned);
  } catch (error) {
    if (!(error instanceof SecondaryError)) throw error;
    return failed(error.message);
  }
}

function failed(description: string): InstallationResult {
  return { success: false, code: 'INTERNAL_ERROR', description };
}
