// Everything that has to go well with every Secondary before anything is installed anywhere: it answers, it accepts the
// metadata, it has the image. Otherwise the update ends here for the whole vehicle, and the server is told who and why.
// client-protocol 5.3, 6.6; client-features W-15.
import type { EcuSerial } from '@ota-connect/uptane';
import type { DeviceInstallationResult, InstallationResult } from '../ports.ts';
import { primaryOf, type StepContext } from './context.ts';
import type { Assigned, Installation } from './ecu-outcome.ts';
import { awaitSecondaries } from './await-secondaries.ts';
import { failuresIn } from './ask-secondaries.ts';
import { sendImagesToEcus } from './send-images-to-ecus.ts';
import { sendMetadataToEcus } from './send-metadata-to-ecus.ts';

type Preparation = { readonly installation: Installation; readonly assigned: readonly Assigned[] };

type Stage = {
  readonly run: () => Promise<ReadonlyMap<EcuSerial, InstallationResult>>;
  readonly words: { readonly description: string; readonly rawReport: string };
};

/** undefined: go on. */
export async function prepareSecondaries(
  context: StepContext,
  { installation, assigned }: Preparation,
  signal: AbortSignal,
): Promise<DeviceInstallationResult | undefined> {
  const primary = primaryOf(context).serial;
  const others = assigned.filter(({ ecu }) => ecu !== primary);
  if (others.length === 0) return undefined;
  const stages: readonly Stage[] = [
    {
      run: () => awaitSecondaries(context, others, signal),
      words: { description: 'Unreachable Secondary', rawReport: 'Secondaries were not available' },
    },
    {
      run: () => sendMetadataToEcus(context, others, signal),
      words: sameWords('Sending metadata to one or more ECUs failed'),
    },
    {
      run: () => sendImagesToEcus(context, others, signal),
      words: {
        description: 'Installation failed on one or more ECUs',
        rawReport: 'Secondary download failed',
      },
    },
  ];
  for (const { run, words } of stages) {
    await context.gate.opened(signal);
    const failed = failuresIn(await run());
    if (failed.size > 0) return installation.giveUp(failed, assigned, words);
  }
  return undefined;
}

function sameWords(text: string): Stage['words'] {
  return { description: text, rawReport: text };
}
