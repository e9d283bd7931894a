// What the Director wants, verified in full: from the servers for a check, from the storage alone before a download and an
// installation. A refusal becomes a device result, so that the server learns of it (client-features W-04); what is trusted
// is never dropped for it. Uptane Standard #full_verification; client-protocol 6.3, 6.5, 6.6.
import {
  fullVerification,
  MetadataError,
  storedSource,
  type Instant,
  type MetadataSource,
  type Verdict,
} from '@ota-connect/uptane';
import type { CycleEvent } from '../update-cycle/transitions.ts';
import { innermostOf } from '../reports/attacks.ts';
import { inKnownTimeUnlessAhead, inTrustedTime } from '../time/in-trusted-time.ts';
import { vehicleOf, type StepContext } from './context.ts';
import { givingWay } from './giving-way.ts';
import { imageSide } from './image-side.ts';
import { recordAttack } from './record-attack.ts';
import { refusedUpdate, watchTargets } from './refused-update.ts';

const MIXTURES_FORGIVEN = 2;
/** How documents of two publications show themselves. */
const MIXTURE: ReadonlySet<string> = new Set(['MetadataHashMismatch', 'VersionMismatch', 'TargetMismatch']);

export type Refused = Extract<CycleEvent, { kind: 'MetadataRefused' | 'MetadataRefusedAgain' }> & {
  /** The update that the refusal ends; empty when it says nothing of any. */
  readonly correlationId: string;
};

/** Answers the verdict, or the event of a refusal. A repository that cannot be fetched from throws. */
export async function verifyUpdates(
  context: StepContext,
  from: 'servers' | 'storage',
): Promise<Verdict | Refused> {
  const { director } = context.storage.metadata;
  const source = watchTargets(from === 'servers' ? context.directorSource : storedSource(director));
  const verify = (now: Instant) => verifyFrom(context, { from, source, now });
  try {
    const verdict = await (from === 'servers'
      ? inTrustedTime(context.time, (now) => despitePublications(() => verify(now)))
      : inKnownTimeUnlessAhead(context.time, verify));
    if (from === 'servers') forgetTold(context);
    return verdict;
  } catch (error) {
    if (!(error instanceof MetadataError)) throw error;
    // What is stored lacks what was never asked for: no server withholds it.
    if (from === 'servers' || error.code !== 'MetadataFetchFailure') recordAttack(context, error);
    if (error.code !== 'MetadataFetchFailure') {
      return refuse(context, error, refusedUpdate(error, source.lastTargets() ?? director.load('targets')));
    }
    const why = innermostOf(error).cause;
    // What was never stored offers nothing to install.
    if (from === 'storage' && why === undefined) return { kind: 'nothing_new' };
    throw why ?? error;
  }
}

/** What is stored, as it stands now; undefined when it is refused. Tells nobody. */
export async function storedVerdict(context: StepContext): Promise<Verdict | undefined> {
  try {
    const source = storedSource(context.storage.metadata.director);
    return await verifyFrom(context, { from: 'storage', source, now: context.time.now() });
  } catch (error) {
    if (error instanceof MetadataError) return undefined;
    throw error;
  }
}

function verifyFrom(
  context: StepContext,
  {
    from,
    source,
    now,
  }: {
    readonly from: 'servers' | 'storage';
    /** The Director's. */
    readonly source: MetadataSource;
    readonly now: Instant;
  },
): Promise<Verdict> {
  const { director } = context.storage.metadata;
  const { firstRoot } = context;
  return fullVerification(
    vehicleOf(context),
    {
      name: 'director',
      store: director,
      source: givingWay(source),
      ...(firstRoot === undefined ? {} : { firstRoot }),
    },
    imageSide(context, from),
    now,
  );
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
      if (!isMixture(error)) throw error;
    }
  }
  return verify();
}

/** A delegated role that has expired, or a search without an end, is a mismatch that does not pass. */
function isMixture(error: unknown): boolean {
  return error instanceof MetadataError && error.attack === 'mix-and-match' && MIXTURE.has(error.code);
}

/** All is well again: what was told is news when it comes back. */
function forgetTold({ storage: { cycle, attacks } }: StepContext): void {
  if (cycle.toldRefusal() !== undefined) cycle.saveToldRefusal(undefined);
  attacks.passed('metadata');
}

/** Keeps the refusal for the server, unless it has heard of it. */
export function refuse(context: StepContext, error: MetadataError, correlationId: string): Refused {
  const { cycle, installations } = context.storage;
  const refusal = `${error.wireCode} ${correlationId}`.trim();
  if (cycle.toldRefusal() === refusal) return { kind: 'MetadataRefusedAgain', error, correlationId };
  context.storage.transaction(() => {
    // An installation that the server has not heard of yet goes first; the refusal is seen again at the next check.
    if (installations.results().device !== undefined) return;
    installations.saveDeviceResult({
      success: false,
      code: 'VERIFICATION_FAILED',
      description: `${error.wireCode}: ${error.message}`,
      rawReport: 'Metadata verification failed.',
      correlationId,
    });
    cycle.saveToldRefusal(refusal);
  });
  return { kind: 'MetadataRefused', error, correlationId };
}
