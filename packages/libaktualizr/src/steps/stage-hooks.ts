// Who may hold a stage back, asked before its command begins, and who is told when it has ended. What holds a stage back is
// asked again by the next poll. client-features W-14, FIO-06, TDX-04.
import { CodedError } from '@ota-connect/uptane';
import type { Stage, StageEnd, StageFacts } from '../installing-ports.ts';
import type { CycleState, Update } from '../update-cycle/states.ts';
import type { CycleCommand, CycleEvent } from '../update-cycle/transitions.ts';
import type { StepContext } from './context.ts';

type Command = Exclude<CycleCommand, 'none'>;
type Postponed = Extract<CycleEvent, { kind: 'Postponed' }>;

const STAGE_BEFORE: ReadonlyMap<Command, Stage> = new Map<Command, Stage>([
  ['check', 'check'],
  ['download', 'download'],
  ['install', 'install'],
  ['finalize', 'finalize'],
]);
/** What ends an installation later than the installation itself finalises it. */
const STAGE_AFTER: ReadonlyMap<Command, Stage> = new Map<Command, Stage>([
  ...STAGE_BEFORE,
  ['judge', 'finalize'],
  ['rollBack', 'finalize'],
  ['finalizeRollback', 'finalize'],
]);
const LOCKED: ReadonlySet<Command> = new Set<Command>(['download', 'install']);

/** Answers the event of whoever holds the command back. */
export async function heldBack(
  context: StepContext,
  command: Command,
  state: CycleState,
  signal: AbortSignal,
): Promise<Postponed | undefined> {
  const stage = STAGE_BEFORE.get(command);
  // Secondaries that are asked again are no stage of their own.
  const isAskedAgain = state.kind === 'Finalizing' && state.bootId === context.bootId;
  if (stage === undefined || isAskedAgain) return undefined;
  if (LOCKED.has(command)) {
    const taken = (await context.updateLock?.take()) ?? 'taken';
    if (taken !== 'taken') return { kind: 'Postponed', reason: taken.postponed, by: 'lock' };
  }
  if (context.hooks === undefined) return undefined;
  const answer = await context.hooks.before(stage, await factsOf(context, updateOf(state)), signal);
  return answer === 'go' ? undefined : { kind: 'Postponed', reason: answer.postponed, by: 'hook' };
}

/** `ended`: the command's event, or what it threw. Called after the state that follows is saved. */
export async function tellEnded(
  context: StepContext,
  command: Command,
  state: CycleState,
  ended: CycleEvent | Error,
): Promise<void> {
  const stage = STAGE_AFTER.get(command);
  if (context.hooks === undefined || stage === undefined) return;
  const isPostponed = !(ended instanceof Error) && ended.kind === 'Postponed';
  // Of a probation only its end is news.
  const isBetween = !STAGE_BEFORE.has(command) && !isCompleted(ended);
  if (isPostponed || isBetween) return;
  const found = ended instanceof Error ? undefined : updateOf(ended);
  await context.hooks.after(stage, await factsOf(context, found ?? updateOf(state)), endOf(ended));
}

export async function factsOf(context: StepContext, update: Update | undefined): Promise<StageFacts> {
  const current = await context.packageManager.current();
  return { ...(update === undefined ? {} : { update }), ...(current === undefined ? {} : { current }) };
}

function updateOf(holder: CycleState | CycleEvent): Update | undefined {
  return 'update' in holder ? holder.update : undefined;
}

function isCompleted(ended: CycleEvent | Error): boolean {
  return !(ended instanceof Error) && ended.kind === 'InstallationCompleted';
}

function endOf(ended: CycleEvent | Error): StageEnd {
  if (ended instanceof Error) {
    const outcome = ended instanceof CodedError ? ended.code : 'aborted';
    return { success: false, outcome, detail: ended instanceof CodedError ? ended.message : '' };
  }
  if (ended.kind === 'InstallationCompleted') {
    const { success, code, description } = ended.result;
    return { success, outcome: code, detail: description };
  }
  if (ended.kind === 'ImageNotUsable')
    return { success: false, outcome: 'image_not_usable', detail: `${ended.target} is ${ended.reason}` };
  if ('error' in ended) return { success: false, outcome: ended.error.code, detail: ended.error.message };
  return { success: true, outcome: OUTCOMES.get(ended.kind) ?? 'nothing_to_do', detail: '' };
}

const OUTCOMES: ReadonlyMap<CycleEvent['kind'], string> = new Map<CycleEvent['kind'], string>([
  ['NothingNew', 'nothing_new'],
  ['TargetsFound', 'updates'],
  ['TargetsBlocked', 'blocked'],
  ['AllTargetsFetched', 'downloaded'],
  ['NeedsCompletion', 'NEED_COMPLETION'],
  ['ProbationBegan', 'ON_PROBATION'],
]);
