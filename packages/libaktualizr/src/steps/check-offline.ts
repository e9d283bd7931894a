// One look at a medium: what it has is verified and kept, and one lockbox is chosen. An update that was known before stays
// known, unless a lockbox takes its place: then the next check asks the server for it again. A medium for other devices is
// no attack, and nobody is told of it. client-protocol 12.3; docs/guides/offline-updates.md
import { MetadataError, type Lockbox, type PassedOverLockbox } from '@ota-connect/uptane';
import { ConfigError } from '../errors.ts';
import { chooseLockbox } from '../offline/choose-lockbox.ts';
import { innermostOf } from '../reports/attacks.ts';
import { storeTarget, type CycleState, type Update } from '../update-cycle/states.ts';
import type { CycleEvent } from '../update-cycle/transitions.ts';
import { MAX_ATTEMPTS, targetKey } from './attempts.ts';
import type { StepContext } from './context.ts';
import { recordAttack } from './record-attack.ts';
import { verifyMedium } from './verify-offline.ts';
import { refuse } from './verify-updates.ts';

const FOR_OTHERS: ReadonlySet<string> = new Set(['BadHardwareId', 'BadEcuId']);

/** @throws ConfigError `unsupported`; TransportError when the medium cannot be read */
export async function checkOffline(context: StepContext, state: CycleState): Promise<CycleEvent> {
  const { directory, lockbox: wanted } = (state.kind === 'Checking' && state.medium) || { directory: '' };
  try {
    const { lockboxes, passedOver } = await verifyMedium(context, mediaOf(context).open(directory));
    for (const { name, error } of passedOver)
      context.log('warning', `The lockbox "${name}" is passed over (${error.wireCode}): ${error.message}`);
    const choice = chooseLockbox(lockboxes, pastOf(context), wanted);
    const refused = passedOver.find(({ name }) => wanted === undefined || name === wanted);
    if ((choice.kind === 'nothing_new' || choice.kind === 'not_there') && refused !== undefined)
      throw lastOf(passedOver, refused).error;
    return 'lockbox' in choice ? take(context, choice.kind, choice.lockbox, directory) : nothing(choice.kind);
  } catch (error) {
    if (error instanceof MetadataError) return refusal(context, state, error);
    throw error;
  }
}

/** One for other devices says less than one that was meant for this one. */
function lastOf(all: readonly PassedOverLockbox[], fallback: PassedOverLockbox): PassedOverLockbox {
  return all.find(({ error }) => !FOR_OTHERS.has(error.code)) ?? fallback;
}

function mediaOf({ media, mapped }: StepContext): NonNullable<StepContext['media']> {
  if (media === undefined)
    throw unsupported('they are switched off (uptane.enable_offline_updates is false)');
  if (mapped !== undefined)
    throw unsupported('a lockbox has one Image repository, and uptane.repository_map names others');
  return media;
}

function unsupported(why: string): ConfigError {
  return new ConfigError('unsupported', `Offline updates are not possible on this device: ${why}.`);
}

function pastOf({ storage: { installations, cycle } }: StepContext) {
  const isApplied = ({ targets, correlationId }: Lockbox): boolean =>
    targets.every(({ ecus }) =>
      [...ecus.keys()].every((ecu) =>
        installations.log(ecu).some((version) => version.correlationId === correlationId),
      ),
    );
  const isBlocked = ({ targets, correlationId }: Lockbox): boolean =>
    targets.some(({ hashes }) => cycle.attempts(targetKey(hashes), correlationId) >= MAX_ATTEMPTS);
  return { isApplied, isBlocked };
}

function take(
  context: StepContext,
  kind: 'chosen' | 'blocked',
  lockbox: Lockbox,
  directory: string,
): CycleEvent {
  const { name, correlationId, targets, received } = lockbox;
  const update: Update = {
    correlationId,
    targets: targets.map(storeTarget),
    medium: { directory, lockbox: name },
  };
  if (kind === 'blocked') return { kind: 'MediumBlocked', update };
  context.storage.offline.documents.save('offline-updates', received);
  return { kind: 'TargetsFound', update };
}

function nothing(kind: 'nothing_new' | 'not_there'): CycleEvent {
  return kind === 'nothing_new'
    ? { kind: 'NothingOnMedium', found: true }
    : { kind: 'NothingOnMedium', found: false };
}

function refusal(context: StepContext, state: CycleState, error: MetadataError): CycleEvent {
  if (error.code === 'MetadataFetchFailure') {
    const why = innermostOf(error).cause;
    if (why !== undefined) throw why;
    context.log('info', error.message);
    return { kind: 'NothingOnMedium', found: false };
  }
  if (FOR_OTHERS.has(error.code)) return { kind: 'RefusedUpdateStands', error };
  recordAttack(context, error);
  const refused = refuse(context, error, '');
  const isBeside = state.kind === 'Checking' && state.before !== undefined;
  return isBeside ? { kind: 'RefusedUpdateStands', error } : refused;
}
