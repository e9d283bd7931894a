// `full`: the daemon. Polls every uptane.polling_sec, survives whatever goes wrong in a cycle and ends cleanly on SIGTERM
// and SIGINT; with force_install_completion it runs the reboot command. client-features RUN-01, SYS-01.
import { CodedError } from '@ota-connect/uptane';
import { pollingSettings, runForever, type CycleResult } from '@ota-connect/libaktualizr';
import { EXIT_CODES, type ExitCode } from '../exit-codes.ts';
import type { Command, CommandContext } from './context.ts';
import { tellCycle } from './tell.ts';

export const full: Command = async (context) => {
  const { aktualizr, clock, config, output, stop } = context;
  const { pollingMs } = pollingSettings(config);
  output.print(`Polling ${config.uptane.directorServer} every ${pollingMs / 1000} s.`);
  const isNews = createNewsFilter();
  const ended = await runForever(aktualizr, {
    clock,
    polling: () => pollingSettings(config),
    signal: stop,
    endWhenRebootNeeded: () => config.uptane.forceInstallCompletion,
    onCycle: (result) => {
      if (isNews(summaryOf(result))) tellCycle(output, result);
    },
    onError: (error) => {
      const isFirst = isNews(error instanceof Error ? error.message : String(error));
      // A device that stops polling can never get the update that mends it; but a defect is said at every poll.
      if (!(error instanceof CodedError) || error.family === 'Bug') output.defect(error);
      else if (isFirst) output.fail(error);
    },
  });
  if (ended === 'reboot_needed') return reboot(context);
  output.print('Stopped.');
  return EXIT_CODES.ok;
};

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

async function reboot({ config, output }: CommandContext): Promise<ExitCode> {
  output.print(`Rebooting: ${config.bootloader.rebootCommand}`);
  const { spawnSync } = await import('node:child_process');
  const { status } = spawnSync(config.bootloader.rebootCommand, { shell: true, stdio: 'inherit' });
  return status === 0 ? EXIT_CODES.ok : EXIT_CODES.rebootNeeded;
}
