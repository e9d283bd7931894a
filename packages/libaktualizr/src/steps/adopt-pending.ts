// An installation that waits for a reboot by its row alone: the original's client left it, or a power cut came between the
// row and our state. The original's flag and file say whether the reboot has been. client-protocol 11.3; client-features INS-03.
import { CodedError, parseCorrelationId, parseTargetName } from '@ota-connect/uptane';
import type { InstalledVersion } from '../ports.ts';
import type { CycleState, CycleStateKind, StoredTarget } from '../update-cycle/states.ts';
import type { StepContext } from './context.ts';

/** States that know of an installation that is not complete. */
const KNOWS: ReadonlySet<CycleStateKind> = new Set<CycleStateKind>([
  'AwaitingReboot',
  'Finalizing',
  'Probation',
  'RollingBack',
  'AwaitingRollback',
  'FinalizingRollback',
]);

/** Saves the state that goes on from there, if there is such an installation. */
export function adoptPending(context: StepContext): void {
  const { storage, sentinel, bootId } = context;
  const state = storage.cycle.load();
  const primary = storage.identity.ecus().find(({ isPrimary }) => isPrimary);
  const pending = primary === undefined ? undefined : storage.installations.pending(primary.serial);
  if (primary === undefined || pending === undefined || KNOWS.has(state.kind)) return;
  const isRebooted = storage.reboot.isNeeded() && !sentinel.isAnnounced();
  const target = targetOf(pending, [primary.serial, primary.hardwareId]);
  if (target === undefined) return;
  const update = { correlationId: correlationOf(pending), targets: [target] };
  const waitsSinceMs = Math.max(0, context.clock.now());
  const adopted: CycleState = {
    kind: 'AwaitingReboot',
    update,
    bootId: isRebooted ? '' : bootId,
    waitsSinceMs,
  };
  context.log('info', `${pending.name} was left to be completed after a reboot.`);
  storage.cycle.save(adopted);
}

function targetOf(
  { name, lengthBytes, hashes, customMeta }: InstalledVersion,
  ecu: StoredTarget['ecus'][number],
): StoredTarget | undefined {
  if (known(() => parseTargetName(name)) === undefined) return undefined;
  const { targetFormat, releaseCounter } = customMeta;
  return {
    name,
    lengthBytes,
    hashes,
    ecus: [ecu],
    custom: customMeta,
    ...(targetFormat === 'OSTREE' || targetFormat === 'BINARY' ? { targetFormat } : {}),
    ...(typeof releaseCounter === 'number' ? { releaseCounter } : {}),
  };
}

function correlationOf({ correlationId }: InstalledVersion): string {
  return known(() => parseCorrelationId(correlationId)) ?? '';
}

function known<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof CodedError && error.family === 'IdentifierError') return undefined;
    throw error;
  }
}
