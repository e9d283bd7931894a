// Hands to each Secondary the metadata that it verifies, as they were received: Roots one after the other up to the newest,
// then the bundle. What the Primary does not hold to be right any more is not passed on.
// client-protocol 6.6 step 4, 7.3; Uptane Standard #send_metadata_primary.
import {
  metadataForSecondary,
  storedSource,
  type EcuSerial,
  type MetadataFile,
  type Repository,
} from '@ota-connect/uptane';
import type { InstallationResult, Secondary } from '../ports.ts';
import { inKnownTime } from '../time/in-trusted-time.ts';
import { askSecondaries } from './ask-secondaries.ts';
import type { StepContext } from './context.ts';
import type { Assigned } from './ecu-outcome.ts';
import { imageSide } from './image-side.ts';

const OK: InstallationResult = { success: true, code: 'OK', description: '' };

/** One ECU after the other, as the original does: metadata are small, and a bus may carry one transfer at a time. */
export async function sendMetadataToEcus(
  context: StepContext,
  assigned: readonly Assigned[],
  signal: AbortSignal,
): Promise<ReadonlyMap<EcuSerial, InstallationResult>> {
  const results = new Map<EcuSerial, InstallationResult>();
  for (const one of assigned) {
    const answer = await askSecondaries(context, [one], (secondary) => send(context, secondary, signal));
    for (const [ecu, result] of answer) results.set(ecu, result);
  }
  return results;
}

async function send(
  context: StepContext,
  secondary: Secondary,
  signal: AbortSignal,
): Promise<InstallationResult> {
  const files = await filesFor(context, secondary);
  const newest = newestRoots(files);
  for (const [repository, version] of newest) {
    const known = await secondary.rootVersion(repository, signal);
    for (const file of files) {
      if (file.repository !== repository || file.role !== 'root') continue;
      const { version: at = 0, bytes } = file;
      if (at <= known || at >= version) continue;
      const result = await secondary.putRoot(repository, bytes, signal);
      if (!result.success) return result;
    }
  }
  const bundle = files.filter(
    ({ repository, role, version }) => role !== 'root' || version === newest.get(repository),
  );
  const result = await secondary.putMetadata(bundle, signal);
  return result.success ? OK : result;
}

/** With every Root that is stored; which of them a Secondary gets it says itself. */
function filesFor(context: StepContext, { identity }: Secondary): Promise<readonly MetadataFile[]> {
  const { director } = context.storage.metadata;
  const { serial, hardwareId, verification } = identity;
  const repository: Repository = { name: 'director', store: director, source: storedSource(director) };
  return inKnownTime(context.time, (now) =>
    metadataForSecondary(
      { serial, hardwareId, verification },
      { director: repository, image: imageSide(context, 'storage') },
      now,
    ),
  );
}

function newestRoots(files: readonly MetadataFile[]): ReadonlyMap<string, number> {
  const newest = new Map<string, number>();
  for (const { repository, role, version = 0 } of files) {
    if (role === 'root' && version > (newest.get(repository) ?? 0)) newest.set(repository, version);
  }
  return newest;
}
