// `full`: the daemon. Polls every uptane.polling_sec, survives whatever goes wrong in a cycle, lets itself be controlled,
// reads its configuration again on SIGHUP and ends cleanly on SIGTERM and SIGINT; with force_install_completion it runs the
// reboot command. client-features RUN-01, SYS-01.
import { CodedError } from '@ota-connect/uptane';
import { pollingSettings, runForever, type Aktualizr, type CycleResult } from '@ota-connect/libaktualizr';
import type { Config } from '@ota-connect/libaktualizr/config/config';
import type { ConfigSources } from '@ota-connect/libaktualizr/config/load-toml';
import type { Clock } from '@ota-connect/libaktualizr/ports';
import { Daemon, isAbort } from '../daemon/daemon.ts';
import { openDoors } from '../daemon/doors.ts';
import type { LogTaps } from '../daemon/log-taps.ts';
import { followMedia } from '../daemon/media.ts';
import { EXIT_CODES, type ExitCode } from '../exit-codes.ts';
import type { Outcome } from '../outcome.ts';
import type { Output } from '../output.ts';
import { createSupervision, type Supervision } from '../systemd-notify.ts';
import { tellCycle } from './tell.ts';

export type FullContext = {
  readonly aktualizr: Aktualizr;
  readonly clock: Clock;
  readonly config: Config;
  readonly sources: ConfigSources;
  readonly output: Output;
  readonly taps: LogTaps;
  readonly onConfig: (config: Config) => void;
  /** Aborted by SIGINT and SIGTERM. */
  readonly stop: AbortSignal;
};

/** The library is not initialized yet: what a restart found may take its time, and the daemon answers meanwhile. */
export async function full(context: FullContext): Promise<Outcome> {
  const { aktualizr, output, stop } = context;
  const daemon = new Daemon(context);
  const supervision = createSupervision({
    config: context.config,
    aktualizr,
    polling: daemon.polling,
    output,
  });
  const onHangup = () => void supervision.during('reload', () => daemon.reload());
  const onStop = () => supervision.stopping();
  process.on('SIGHUP', onHangup);
  stop.addEventListener('abort', onStop, { once: true });
  // The first in the queue: whatever the doors let in comes after it.
  const initialized = aktualizr.initialize({ signal: stop });
  initialized.catch(() => undefined);
  try {
    const doors = await openDoors(daemon, { config: context.config, output });
    try {
      supervision.ready(announce(daemon.config, output));
      await initialized;
      return await loop(context, daemon, supervision);
    } finally {
      await doors.close();
    }
  } finally {
    process.off('SIGHUP', onHangup);
    supervision.close();
  }
}

async function loop(context: FullContext, daemon: Daemon, supervision: Supervision): Promise<Outcome> {
  const { aktualizr, clock, output, stop } = context;
  const isNews = createNewsFilter();
  let rebooting: ExitCode | undefined;
  const endMedia = followMedia({ aktualizr, config: () => daemon.config, output, polling: daemon.polling });
  const ended = await runForever(aktualizr, {
    clock,
    control: daemon.polling,
    polling: () => pollingSettings(daemon.config),
    signal: stop,
    endWhenRebootNeeded: async () => {
      if (daemon.config.uptane.forceInstallCompletion) rebooting = await reboot(context, daemon.config);
      return rebooting !== undefined;
    },
    onCycle: (result) => {
      const summary = summaryOf(result);
      daemon.note(summary);
      supervision.alive();
      if (isNews(summary)) supervision.status(tellCycle(output, result).outcome);
    },
    onError: (error) => {
      const sentence = error instanceof Error ? error.message : String(error);
      daemon.note('error');
      supervision.alive();
      const isFirst = isNews(sentence);
      if (isAbort(error)) output.log('info', 'The update cycle was ended by hand.');
      // A device that stops polling can never get the update that mends it; but a defect is said at every poll.
      else if (!(error instanceof CodedError) || error.family === 'Bug') output.defect(error);
      else if (isFirst) output.fail(error);
    },
  }).finally(endMedia);
  if (ended === 'reboot_needed') return outcomeOf('rebooting', rebooting ?? EXIT_CODES.ok);
  output.print('Stopped.');
  return outcomeOf('stopped', EXIT_CODES.ok);
}

function outcomeOf(outcome: string, exitCode: ExitCode): Outcome {
  return { command: 'full', outcome, exitCode };
}

function announce(config: Config, output: Output): string {
  const { isOnline, pollingMs } = pollingSettings(config);
  const line = isOnline
    ? `Polling ${config.uptane.directorServer} every ${pollingMs / 1000} s.`
    : 'Polling is switched off (uptane.enable_online_updates).';
  output.print(line);
  return line;
}

/** What a poll finds again is not told again: a daemon polls every few seconds. */
function createNewsFilter(): (summary: string) => boolean {
  let last = '';
  return (summary) => {
    const isNew = summary !== last && summary !== NOTHING_NEW;
    last = summary;
    return isNew;
  };
}

const NOTHING_NEW = 'nothing_new';

function summaryOf({ check, download, install }: CycleResult): string {
  const detail =
    check.kind === 'refused' ? check.error.wireCode : 'update' in check ? check.update.correlationId : '';
  return [check.kind, detail, download?.kind, install?.kind].filter(Boolean).join(' ');
}

/** undefined: a hook holds it back, and is asked again after the next poll. */
async function reboot({ aktualizr, output }: FullContext, config: Config): Promise<ExitCode | undefined> {
  output.print(`Rebooting: ${config.bootloader.rebootCommand}`);
  const result = await aktualizr.completeInstallation();
  if (result.kind === 'postponed') {
    output.print(`The reboot is postponed (${result.by}): ${result.reason}`);
    return undefined;
  }
  if (result.kind !== 'failed') return EXIT_CODES.ok;
  output.log('error', `The reboot failed: ${result.detail}`);
  return EXIT_CODES.rebootNeeded;
}
