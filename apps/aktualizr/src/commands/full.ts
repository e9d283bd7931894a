// `full`: the daemon. Polls every uptane.polling_sec, survives what goes wrong in a cycle and ends cleanly on SIGTERM and
// SIGINT; with force_install_completion it runs the reboot command. client-features RUN-01, SYS-01.
import { CodedError } from '@ota-connect/uptane';
import { runForever } from '@ota-connect/libaktualizr';
import { EXIT_CODES, type ExitCode } from '../exit-codes.ts';
import type { Command, CommandContext } from './context.ts';
import { tellCycle } from './tell.ts';

/** 0 is legal in the configuration and would be a busy loop. */
const MIN_POLLING_MS = 1000;

export const full: Command = async (context) => {
  const { aktualizr, clock, config, output, stop } = context;
  const pollingMs = Math.max(config.uptane.pollingSec * 1000, MIN_POLLING_MS);
  output.print(`Polling ${config.uptane.directorServer} every ${pollingMs / 1000} s.`);
  const ended = await runForever(aktualizr, {
    clock,
    pollingMs,
    signal: stop,
    endWhenRebootNeeded: config.uptane.forceInstallCompletion,
    onCycle: (result) => void (result.check.kind === 'nothing_new' || tellCycle(output, result)),
    onError: (error) => {
      output.fail(error);
      return error instanceof CodedError && error.family !== 'Bug';
    },
  });
  if (ended === 'reboot_needed') return reboot(context);
  output.print('Stopped.');
  return EXIT_CODES.ok;
};

async function reboot({ config, output }: CommandContext): Promise<ExitCode> {
  output.print(`Rebooting: ${config.bootloader.rebootCommand}`);
  const { spawnSync } = await import('node:child_process');
  const { status } = spawnSync(config.bootloader.rebootCommand, { shell: true, stdio: 'inherit' });
  return status === 0 ? EXIT_CODES.ok : EXIT_CODES.rebootNeeded;
}
