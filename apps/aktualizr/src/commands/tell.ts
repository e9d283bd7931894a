// Results of the library in words, and the exit code that goes with each. One place, so that `once`, the single steps and
// the daemon say the same.
import { describeRefusal } from '@ota-connect/libaktualizr';
import type {
  CheckResult,
  CycleResult,
  DownloadResult,
  InstallResult,
  Update,
} from '@ota-connect/libaktualizr';
import { EXIT_CODES, exitCodeOf, type ExitCode } from '../exit-codes.ts';
import type { Output } from '../output.ts';

export function tellCheck(output: Output, result: CheckResult): ExitCode {
  switch (result.kind) {
    case 'nothing_new':
      output.print('No update: this device is as the server wants it.');
      return EXIT_CODES.ok;
    case 'updates':
      output.print(`Update found: ${targetsOf(result.update)}${correlationOf(result.update)}`);
      return EXIT_CODES.ok;
    case 'blocked':
      output.log(
        'warning',
        `${targetsOf(result.update)} failed on this device and is left alone until the server asks anew.`,
      );
      output.print('No update: what the server wants has failed here before.');
      return EXIT_CODES.ok;
    case 'refused':
      return tellRefused(output, result);
    case 'pending':
      return tellPending(output, result.update);
  }
}

export function tellDownload(output: Output, result: DownloadResult): ExitCode {
  switch (result.kind) {
    case 'downloaded':
      output.print(`Downloaded and verified: ${targetsOf(result.update)}`);
      return EXIT_CODES.ok;
    case 'nothing_to_do':
      output.print('Nothing to download.');
      return EXIT_CODES.ok;
    case 'failed': {
      output.fail(result.error);
      output.print(
        result.reported ? 'Download failed.' : 'Download not finished; the next download goes on from here.',
      );
      const code = exitCodeOf(result.error);
      return code === EXIT_CODES.diskOrIo ? code : EXIT_CODES.downloadFailed;
    }
    case 'refused':
      return tellRefused(output, result);
    case 'pending':
      return tellPending(output, result.update);
  }
}

export function tellInstall(output: Output, result: InstallResult): ExitCode {
  switch (result.kind) {
    case 'installed':
      output.print(`Installed: ${targetsOf(result.update)}`);
      return EXIT_CODES.ok;
    case 'failed':
      output.log('error', `Installation failed: ${result.result.code} (${result.result.description})`);
      return EXIT_CODES.installationFailed;
    case 'needs_completion':
      return tellPending(output, result.update);
    case 'image_not_usable':
      output.log('error', `The image of ${result.target} is ${result.reason}; download it first.`);
      return EXIT_CODES.downloadFailed;
    case 'nothing_to_do':
      output.print('Nothing to install.');
      return EXIT_CODES.ok;
    case 'refused':
      return tellRefused(output, result);
    case 'pending':
      return tellPending(output, result.update);
  }
}

/** Stage by stage; the code is that of the first stage that did not end well. */
export function tellCycle(output: Output, result: CycleResult): ExitCode {
  let code = tellCheck(output, result.check);
  if (result.download !== undefined) code = tellDownload(output, result.download);
  if (result.install !== undefined) code = tellInstall(output, result.install);
  if (result.install?.kind === 'installed' || result.install?.kind === 'failed')
    tellReport(output, result.reported);
  return code;
}

function tellReport(output: Output, isReported: boolean): void {
  if (isReported) output.print('Reported to the server.');
  else output.log('warning', 'The report waits for the server and is sent with the next check.');
}

function tellRefused(output: Output, { error }: Extract<CheckResult, { kind: 'refused' }>): ExitCode {
  output.log('error', `Update refused (${describeRefusal(error)}): ${error.message}`);
  return EXIT_CODES.metadataRefused;
}

function tellPending(output: Output, update: Update): ExitCode {
  output.print(`Installed, and complete after a reboot: ${targetsOf(update)}`);
  return EXIT_CODES.rebootNeeded;
}

function targetsOf({ targets }: Update): string {
  return targets
    .map(
      ({ name, lengthBytes, ecus }) =>
        `${name} (${lengthBytes} bytes) for ${ecus.map(([serial, id]) => `${id} ${serial}`).join(', ')}`,
    )
    .join('; ');
}

function correlationOf({ correlationId }: Update): string {
  return correlationId === '' ? '' : ` [${correlationId}]`;
}
