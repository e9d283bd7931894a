// Results of the library in words for people, and as the outcome and exit code for programs. One place, so that `once`, the
// single steps and the daemon say the same.
import { describeRefusal } from '@ota-connect/libaktualizr';
import type {
  CheckResult,
  CycleResult,
  DownloadResult,
  InstallResult,
  Update,
} from '@ota-connect/libaktualizr';
import { EXIT_CODES, exitCodeOf } from '../exit-codes.ts';
import { describeError, describeUpdate, type Told } from '../outcome.ts';
import { createOutput, type Output } from '../output.ts';

export function tellCheck(output: Output, result: CheckResult): Told {
  switch (result.kind) {
    case 'nothing_new':
      output.print('No update: this device is as the server wants it.');
      return ok('nothing_new');
    case 'updates':
      output.print(`Update found: ${targetsOf(result.update)}${correlationOf(result.update)}`);
      return ok('updates', result.update);
    case 'blocked':
      output.log(
        'warning',
        `${targetsOf(result.update)} failed on this device and is left alone until the server asks anew.`,
      );
      output.print('No update: what the server wants has failed here before.');
      return ok('blocked', result.update);
    case 'refused':
      return tellRefused(output, result);
    case 'pending':
      return tellPending(output, result.update);
    case 'on_probation':
      output.print(`Installed, and not yet found healthy: ${targetsOf(result.update)}`);
      return ok('on_probation', result.update);
    case 'postponed':
      output.print(`Postponed (${result.by}): ${result.reason}`);
      return ok('postponed');
  }
}

export function tellDownload(output: Output, result: DownloadResult): Told {
  switch (result.kind) {
    case 'downloaded':
      output.print(`Downloaded and verified: ${targetsOf(result.update)}`);
      return ok('downloaded', result.update);
    case 'nothing_to_do':
      output.print('Nothing to download.');
      return ok('nothing_to_do');
    case 'failed': {
      output.fail(result.error);
      output.print(
        result.reported ? 'Download failed.' : 'Download not finished; the next download goes on from here.',
      );
      const code = exitCodeOf(result.error);
      return {
        outcome: 'download_failed',
        exitCode: code === EXIT_CODES.diskOrIo ? code : EXIT_CODES.downloadFailed,
        reported: result.reported,
        error: describeError(result.error),
      };
    }
    case 'refused':
      return tellRefused(output, result);
    case 'pending':
      return tellPending(output, result.update);
    case 'on_probation':
      output.print(`Installed, and not yet found healthy: ${targetsOf(result.update)}`);
      return ok('on_probation', result.update);
    case 'postponed':
      output.print(`Postponed (${result.by}): ${result.reason}`);
      return ok('postponed');
  }
}

export function tellInstall(output: Output, result: InstallResult): Told {
  switch (result.kind) {
    case 'installed':
      output.print(`Installed: ${targetsOf(result.update)}`);
      return ok('installed', result.update);
    case 'failed': {
      const { code, description } = result.result;
      output.log('error', `Installation failed: ${code} (${description})`);
      return {
        outcome: 'installation_failed',
        exitCode: EXIT_CODES.installationFailed,
        update: describeUpdate(result.update),
        result: { code, description },
      };
    }
    case 'needs_completion':
      return tellPending(output, result.update);
    case 'image_not_usable':
      output.log('error', `The image of ${result.target} is ${result.reason}; download it first.`);
      return {
        outcome: 'image_not_usable',
        exitCode: EXIT_CODES.downloadFailed,
        target: result.target,
        reason: result.reason,
      };
    case 'nothing_to_do':
      output.print('Nothing to install.');
      return ok('nothing_to_do');
    case 'refused':
      return tellRefused(output, result);
    case 'pending':
      return tellPending(output, result.update);
    case 'on_probation':
      output.print(`Installed, and not yet found healthy: ${targetsOf(result.update)}`);
      return ok('on_probation', result.update);
    case 'postponed':
      output.print(`Postponed (${result.by}): ${result.reason}`);
      return ok('postponed');
  }
}

/**
 * Stage by stage; outcome and code are those of the last stage, which is the first that did not end well. `already`: the
 * results that a person knows.
 */
export function tellCycle(
  output: Output,
  result: CycleResult,
  already: ReadonlySet<object> = new Set(),
): Told {
  const outputFor = (stage: object) => (already.has(stage) ? SILENT : output);
  let told = tellCheck(outputFor(result.check), result.check);
  if (result.download !== undefined) told = tellDownload(outputFor(result.download), result.download);
  if (result.install !== undefined) told = tellInstall(outputFor(result.install), result.install);
  if (result.install?.kind === 'installed' || result.install?.kind === 'failed')
    tellReport(output, result.reported);
  return { ...told, reported: result.reported };
}

const SILENT = createOutput(() => undefined);

function tellReport(output: Output, isReported: boolean): void {
  if (isReported) output.print('Reported to the server.');
  else output.log('warning', 'The report waits for the server and is sent with the next check.');
}

function tellRefused(output: Output, { error }: Extract<CheckResult, { kind: 'refused' }>): Told {
  output.log('error', `Update refused (${describeRefusal(error)}): ${error.message}`);
  return { outcome: 'refused', exitCode: EXIT_CODES.metadataRefused, error: describeError(error) };
}

function tellPending(output: Output, update: Update): Told {
  output.print(`Installed, and complete after a reboot: ${targetsOf(update)}`);
  return { outcome: 'reboot_needed', exitCode: EXIT_CODES.rebootNeeded, update: describeUpdate(update) };
}

function ok(outcome: string, update?: Update): Told {
  const described = update === undefined ? {} : { update: describeUpdate(update) };
  return { outcome, exitCode: EXIT_CODES.ok, ...described };
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
