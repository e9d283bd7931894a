// aktualizr: reads the command line and the configuration, and answers with an exit code: that of a command which this
// process carries out, or the daemon for it. What only some commands need is loaded by them.
import { existsSync } from 'node:fs';
import { AbortedError, type Aktualizr } from '@ota-connect/libaktualizr';
import { assertUsable, checkConfig } from '@ota-connect/libaktualizr/config/check-config';
import type { Config } from '@ota-connect/libaktualizr/config/config';
import { loadConfig, type ConfigSources } from '@ota-connect/libaktualizr/config/load-toml';
import { helpText, isCommand, readArguments, type Arguments } from './arguments.ts';
import type { CommandName } from './commands/index.ts';
import { perform } from './commands/perform.ts';
import { compose } from './compose.ts';
import { configOverrides } from './config-overrides.ts';
import { compatibleExitCode, EXIT_CODES, UsageError } from './exit-codes.ts';
import { failed, type Outcome } from './outcome.ts';
import { createOutput, printable } from './output.ts';
import { createProgress } from './progress/progress.ts';
import { createSink, type SinkSettings } from './sink.ts';
import { readVersion } from './version.ts';

const args = process.argv.slice(2);
const isJson = args.includes('--json');
const settings: SinkSettings = { loglevel: 2, format: 'text', results: isJson ? 'nowhere' : 'stdout' };
const sink = createSink(settings);
const output = createOutput(sink);
const progress = createProgress(process.stderr, output);
settings.aside = progress;
/** For --compat-exit-codes. */
let isRegistered = false;

const outcome = await run();
if (isJson && outcome.outcome !== 'help') process.stdout.write(`${JSON.stringify(outcome)}\n`);
process.exitCode = args.includes('--compat-exit-codes')
  ? compatibleExitCode(outcome.exitCode, isRegistered)
  : outcome.exitCode;

async function run(): Promise<Outcome> {
  let command = 'aktualizr';
  try {
    const parsed = readArguments(args);
    command = parsed.action === 'run' ? parsed.mode : parsed.action;
    return await act(parsed);
  } catch (error) {
    output.fail(error);
    if (error instanceof UsageError) process.stderr.write('See aktualizr --help.\n');
    return failed(command, error);
  }
}

async function act(parsed: Arguments): Promise<Outcome> {
  if (parsed.action === 'help') {
    settings.results = 'stdout';
    return say('help', helpText(), 'help');
  }
  if (parsed.action === 'version') return { ...say('version', readVersion()), version: readVersion() };
  const sources = { paths: parsed.configPaths, overrides: configOverrides(parsed, output) };
  if (parsed.action === 'check-config') return tellConfig(await checkConfig(sources));
  const loaded = await loadConfig(sources);
  follow(loaded.config);
  for (const { message } of loaded.warnings) output.log('warning', message);
  assertUsable(loaded);
  const asked: Asked = { parsed, sources, config: loaded.config };
  if (parsed.mode === 'full') return runDaemon(asked);
  if (!isCommand(parsed.mode)) {
    const { control } = await import('./control/delegate.ts');
    return control(parsed.mode, loaded.config, output);
  }
  return runCommand(parsed.mode, asked);
}

type Asked = { readonly parsed: Arguments; readonly sources: ConfigSources; readonly config: Config };

/** By the daemon of this storage where there is one, else by this process. */
async function runCommand(name: CommandName, asked: Asked): Promise<Outcome> {
  const { parsed, config } = asked;
  const campaignId = parsed.values.get('campaign-id');
  // Before anything is asked or opened: a mistake on the command line leaves everything as it is.
  if (name.startsWith('campaign_') && name !== 'campaign_check' && campaignId === undefined)
    throw new UsageError(`${name} needs --campaign-id; campaign_check lists the ids.`);
  const stop = stopOn(['SIGINT', 'SIGTERM', 'SIGHUP']);
  const input = { campaignId, directory: parsed.directory };
  if (!parsed.isStandalone && config.control.socket !== '' && existsSync(config.control.socket)) {
    const { delegate, findDaemon } = await import('./control/delegate.ts');
    const daemon = await findDaemon(config);
    if (daemon !== undefined) {
      isRegistered = daemon.registered === true;
      return delegate(name, { ...input, config, sink, stop, onProgress: progress.report });
    }
  }
  return withAktualizr(asked, stop, async (aktualizr) => {
    aktualizr.on('DownloadProgressReport', progress.report);
    await aktualizr.initialize({ signal: stop });
    return perform(name, { ...input, aktualizr, output, signal: stop });
  });
}

async function runDaemon(asked: Asked): Promise<Outcome> {
  const { full } = await import('./commands/full.ts');
  const { LogTaps } = await import('./daemon/log-taps.ts');
  // They are its log.
  if (isJson) settings.results = 'stderr';
  const taps = new LogTaps(output.log);
  const stop = stopOn(['SIGINT', 'SIGTERM']);
  return withAktualizr(
    asked,
    stop,
    (aktualizr, clock) => {
      aktualizr.on('DownloadProgressReport', progress.report);
      const { sources, config } = asked;
      return full({ aktualizr, clock, config, sources, output, taps, onConfig: follow, stop });
    },
    taps.log,
  );
}

async function withAktualizr(
  { parsed, config }: Asked,
  stop: AbortSignal,
  work: (aktualizr: Aktualizr, clock: Awaited<ReturnType<typeof compose>>['clock']) => Promise<Outcome>,
  log = output.log,
): Promise<Outcome> {
  const hardwareInfoFile = parsed.values.get('hwinfo-file');
  const { aktualizr, clock, close } = await compose({ config, log, hardwareInfoFile, stop });
  try {
    return await work(aktualizr, clock);
  } finally {
    isRegistered = aktualizr.ecus().length > 0;
    close();
  }
}

/** What the configuration says of our lines. */
function follow({ logger }: Config): void {
  settings.loglevel = logger.loglevel;
  settings.format = logger.format;
}

function stopOn(signals: readonly NodeJS.Signals[]): AbortSignal {
  const controller = new AbortController();
  for (const signal of signals) process.once(signal, () => controller.abort(new AbortedError()));
  return controller.signal;
}

function tellConfig(problems: readonly string[]): Outcome {
  for (const problem of problems) process.stderr.write(`${printable(problem)}\n`);
  if (problems.length > 0)
    return { command: 'check-config', outcome: 'invalid', exitCode: EXIT_CODES.configuration, problems };
  return say('check-config', 'The configuration is valid.', 'valid');
}

function say(command: string, text: string, word = 'ok'): Outcome {
  for (const line of text.split('\n')) output.print(line);
  return { command, outcome: word, exitCode: EXIT_CODES.ok };
}
