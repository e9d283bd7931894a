// What the Director wants, verified in full: from the servers for a check, from the storage alone before a download and an
// installation. A refusal becomes a device result, so that the server learns of it (client-features W-04); what is trusted
// is never dropped for it. Uptane Standard #full_verification; client-protocol 6.3, 6.5, 6.6.
import {
  fullVerification,
  MetadataError,
  parseStrictJson,
  storedSource,
  type Repository,
  type Verdict,
} from '@ota-connect/uptane';
import type { CycleState } from '../update-cycle/states.ts';
import type { CycleEvent } from '../update-cycle/transitions.ts';
import { nowOf, vehicleOf, type StepContext } from './context.ts';

const MIXTURES_FORGIVEN = 2;
/** How documents of two publications show themselves. */
const MIXTURE: ReadonlySet<string> = new Set(['MetadataHashMismatch', 'VersionMismatch', 'TargetMismatch']);

export type Updates = Extract<Verdict, { kind: 'updates' }>;
type Refused = Extract<CycleEvent, { kind: 'MetadataRefused' | 'MetadataRefusedAgain' }>;

/** Answers the verdict, or the event of a refusal. A repository that cannot be fetched from throws. */
export async function verifyUpdates(
  context: StepContext,
  from: 'servers' | 'storage',
  state: CycleState,
): Promise<Verdict | Refused> {
  const { director, image } = context.storage.metadata;
  const repository = (name: 'director' | 'image'): Repository => {
    const store = name === 'director' ? director : image;
    const online = name === 'director' ? context.directorSource : context.imageSource;
    return { name, store, source: from === 'servers' ? online : storedSource(store) };
  };
  const verify = (): Promise<Verdict> =>
    fullVerification(vehicleOf(context), repository('director'), repository('image'), nowOf(context));
  try {
    return await (from === 'servers' ? despitePublications(verify) : verify());
  } catch (error) {
    if (!(error instanceof MetadataError)) throw error;
    if (error.code !== 'MetadataFetchFailure') return refuse(context, error, state);
    // What was never stored offers nothing to install.
    if (from === 'storage' && error.cause === undefined) return { kind: 'nothing_new' };
    throw error.cause ?? error;
  }
}

/**
 * A repository that publishes between two of our requests looks like mix-and-match. Asked again it is consistent, unless
 * somebody does mix: only what stays so is a refusal, which the server would book as a failed update.
 */
async function despitePublications(verify: () => Promise<Verdict>): Promise<Verdict> {
  for (let again = 0; again < MIXTURES_FORGIVEN; again += 1) {
    try {
      return await verify();
    } catch (error) {
      if (!(error instanceof MetadataError) || !MIXTURE.has(error.code)) throw error;
    }
  }
  return verify();
}

function refuse(context: StepContext, error: MetadataError, state: CycleState): Refused {
  const correlationId = correlationIdOf(context);
  const refusal = `${error.wireCode} ${correlationId}`.trim();
  if ('refusal' in state && state.refusal === refusal)
    return { kind: 'MetadataRefusedAgain', refusal, error };
  context.storage.transaction(() => {
    const { installations } = context.storage;
    // An installation that the server has not heard of yet goes first; the refusal is seen again at the next check.
    if (installations.results().device !== undefined) return;
    installations.saveDeviceResult({
      success: false,
      code: 'VERIFICATION_FAILED',
      description: `${error.wireCode}: ${error.message}`,
      rawReport: 'Metadata verification failed.',
      correlationId,
    });
  });
  return { kind: 'MetadataRefused', refusal, error };
}

/** Of the Director's newest trusted Targets; empty when there are none. */
function correlationIdOf(context: StepContext): string {
  const stored = context.storage.metadata.director.load('targets');
  if (stored === undefined) return '';
  const found = member(member(member(parseStrictJson(stored), 'signed'), 'custom'), 'correlationId');
  return typeof found === 'string' ? found : '';
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined;
}
