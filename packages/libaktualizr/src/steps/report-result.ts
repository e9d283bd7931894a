// Brings the result of an update to the server with a manifest. Not getting through is no failure of the update: the result
// stays and travels with the next manifest. client-protocol 3.7, 6.4.
import { TransportError } from '../errors.ts';
import type { CycleEvent } from '../update-cycle/transitions.ts';
import type { StepContext } from './context.ts';
import { sendManifest } from './send-manifest.ts';

export async function reportResult(context: StepContext): Promise<CycleEvent> {
  try {
    await sendManifest(context);
    return { kind: 'ManifestAccepted' };
  } catch (error) {
    if (!(error instanceof TransportError)) throw error;
    context.log('warning', `The report waits for the next manifest: ${error.message}`);
    return { kind: 'ManifestNotSent', error };
  }
}
