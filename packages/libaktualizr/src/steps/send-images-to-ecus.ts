// Brings the images from the Primary to the Secondaries, side by side, before any ECU installs: a vehicle is updated as a
// whole or not at all. client-protocol 6.6; client-features W-15, W-17; Uptane Standard #send_image_primary.
import type { EcuSerial } from '@ota-connect/uptane';
import type { InstallationResult, SecondaryImage } from '../ports.ts';
import { SecondaryError } from '../errors.ts';
import { askSecondaries } from './ask-secondaries.ts';
import type { StepContext } from './context.ts';
import type { Assigned } from './ecu-outcome.ts';
import { isFetchedHere } from './fetched-here.ts';

export function sendImagesToEcus(
  context: StepContext,
  assigned: readonly Assigned[],
  signal: AbortSignal,
): Promise<ReadonlyMap<EcuSerial, InstallationResult>> {
  return askSecondaries(context, assigned, (secondary, one) =>
    secondary.sendImage(one.target, imageOf(context, one), signal),
  );
}

function imageOf(context: StepContext, { ecu, target }: Assigned): SecondaryImage | undefined {
  if (!isFetchedHere(context, target)) return undefined;
  return {
    lengthBytes: target.lengthBytes,
    open: (offset) => {
      const stream = context.storedImages.open(target.name, offset);
      if (stream !== undefined) return stream;
      const message = `The image ${target.name} for ${ecu} is gone.`;
      throw new SecondaryError('failed', message, { details: { ecu, target: target.name } });
    },
  };
}
