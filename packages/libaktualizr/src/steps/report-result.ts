// Brings the result of an update to the server with a manifest. Not getting through is no failure of the update: the result
// stays and travels with the next manifest. client-protocol 3.7, 6.4.
import { TransportError } from '../errors.ts';
import type { CycleEvent } from '../update-cycle/transitions.ts';
import type { DeviceInstallationResult } from '../ports.ts';
import type { StepContext } from './context.ts';
import { sendManifest } from './send-manifest.ts';

/** There is room for one result: a refusal that waited there is told again when it is seen again. */
export function saveResult({ storage }: StepContext, result: DeviceInstallationResult): void {
  storage.transaction(() => {
    const waiting = storage.installations.results().device;
    if (waiting?.code === 'VERIFICATION_FAILED') storage.cycle.saveToldRefusal(undefined);
    storage.installations.saveDeviceResult(result);
  });
}

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
