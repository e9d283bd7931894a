// aktualizr: reads the command line and the configuration, wires the client, runs one command, and answers with an exit
// code. Errors become one sentence here and nowhere else.
import { AbortedError } from '@ota-connect/libaktualizr';
import { assertUsable, checkConfig } from '@ota-connect/libaktualizr/config/check-config';
import { loadConfig, type ConfigOverrides } from '@ota-connect/libaktualizr/config/load-toml';
import { helpText, readArguments, type Arguments } from './arguments.ts';
import { COMMANDS } from './commands/index.ts';
import { compose } from './compose.ts';
import { EXIT_CODES, exitCodeOf, UsageError, type ExitCode } from './exit-codes.ts';
import { createOutput, printable, type Output } from './output.ts';
import { readVersion } from './version.ts';

let loglevel = 2;
const output = createOutput(() => loglevel);
process.exitCode = await run(process.argv.slice(2));

async function run(args: readonly string[]): Promise<ExitCode> {
  try {
    return await act(readArguments(args));
  } catch (error) {
    output.fail(error);
    if (error instanceof UsageError) process.stderr.write('See aktualizr --help.\n');
    return exitCodeOf(error);
  }
}

async function act(parsed: Arguments): Promise<ExitCode> {
  if (parsed.action === 'help') return say(helpText());
  if (parsed.action === 'version') return say(readVersion());
  const sources = { paths: parsed.configPaths, overrides: overridesOf(parsed) };
  if (parsed.action === 'check-config') return tellConfig(await checkConfig(sources));
  const loaded = await loadConfig(sources);
  loglevel = loaded.config.logger.loglevel;
  for (const { message } of loaded.warnings) output.log('warning', message);
  assertUsable(loaded);
  const campaignId = parsed.values.get('campaign-id');
  // Before the storage is opened: a mistake on the command line leaves everything as it is.
  if (parsed.mode.startsWith('campaign_') && parsed.mode !== 'campaign_check' && campaignId === undefined) {
    throw new UsageError(`${parsed.mode} needs --campaign-id; campaign_check lists the ids.`);
  }
  const stop = stopOnSignals();
  const wiring = {
    config: loaded.config,
    log: output.log,
    hardwareInfoFile: parsed.values.get('hwinfo-file'),
    stop,
  };
  const { aktualizr, clock, close } = await compose(wiring);
  stop.addEventListener('abort', () => aktualizr.abort(), { once: true });
  try {
    await aktualizr.initialize();
    const code = await COMMANDS[parsed.mode]({
      aktualizr,
      clock,
      config: loaded.config,
      output,
      campaignId,
      stop,
    });
    if (!stop.aborted) await aktualizr.flushReports();
    return code;
  } finally {
    close();
  }
}

function overridesOf({ values }: Arguments): ConfigOverrides {
  const loglevel = clampedLoglevel(values.get('loglevel'), output);
  const texts = {
    tlsServer: values.get('tls-server'),
    repoServer: values.get('repo-server'),
    directorServer: values.get('director-server'),
    primaryEcuSerial: values.get('primary-ecu-serial'),
    primaryEcuHardwareId: values.get('primary-ecu-hardware-id'),
    secondaryConfigFile: values.get('secondary-config-file'),
  };
  const given = Object.entries(texts).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(given), ...(loglevel === undefined ? {} : { loglevel }) };
}

/** Out of range is clamped with a warning, as the original does; what is no number is refused. */
function clampedLoglevel(text: string | undefined, { log }: Output): number | undefined {
  if (text === undefined) return undefined;
  const given = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(given)) throw new UsageError(`--loglevel takes a number from 0 to 5, not "${text}".`);
  const level = Math.min(5, Math.max(0, given));
  if (level !== given) log('warning', `--loglevel ${text} is out of range; ${level} is used.`);
  return level;
}

function stopOnSignals(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => controller.abort(new AbortedError()));
  }
  return controller.signal;
}

function tellConfig(problems: readonly string[]): ExitCode {
  for (const problem of problems) process.stderr.write(`${printable(problem)}\n`);
  if (problems.length > 0) return EXIT_CODES.configuration;
  return say('The configuration is valid.');
}

function say(text: string): ExitCode {
  for (const line of text.split('\n')) output.print(line);
  return EXIT_CODES.ok;
}
