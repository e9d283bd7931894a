// The commands of the table of states, each a step; before some, whoever may hold the stage back is asked.
import type { CycleCommand, CycleEvent } from '../update-cycle/transitions.ts';
import type { Commands } from '../update-cycle/run.ts';
import type { CycleState } from '../update-cycle/states.ts';
import { checkOffline } from './check-offline.ts';
import { checkUpdates, recheckUpdates } from './check-updates.ts';
import { checkWhileWaiting } from './check-while-waiting.ts';
import type { StepContext } from './context.ts';
import { downloadTargets } from './download-targets.ts';
import { finalizeInstall } from './finalize-install.ts';
import { installUpdate } from './install-update.ts';
import { finalizeRollback, judgeHealth, rollBack } from './probation.ts';
import { reportResult } from './report-result.ts';
import { heldBack, tellEnded } from './stage-hooks.ts';

type Step = (context: StepContext, state: CycleState, signal: AbortSignal) => Promise<CycleEvent>;

const STEPS: { readonly [command in Exclude<CycleCommand, 'none'>]: Step } = {
  check: checkUpdates,
  recheck: recheckUpdates,
  checkOffline,
  download: (context, _state, signal) => downloadTargets(context, signal),
  install: (context, _state, signal) => installUpdate(context, signal),
  finalize: finalizeInstall,
  checkWhileWaiting,
  judge: judgeHealth,
  rollBack,
  finalizeRollback,
  report: reportResult,
};

export function createCommands(context: StepContext): Commands {
  return {
    run: async (command, state, signal) =>
      (await heldBack(context, command, state, signal)) ?? STEPS[command](context, state, signal),
    ended: (command, state, ended) => tellEnded(context, command, state, ended),
  };
}
