// The command `ota-connect`. Exit codes: 0 stopped as asked, 1 could not start or failed, 64 wrong usage.
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { CodedError } from '@ota-connect/uptane';
import { loadConfig, parsePort, type ConfigOptions } from './config.ts';
import { operatorTokenFile } from './modules/users/index.ts';
import { startServer, type RunningServer } from './server.ts';
import { VERSION } from './version.ts';

const EXIT_FAILED = 1;
const EXIT_USAGE = 64;
const EXIT_CODES_HELP = `
Exit codes:
  0  stopped as asked
  1  could not start, or failed
 64  wrong usage`;

const program = new Command('ota-connect')
  .description('OTA Connect: over-the-air updates for fleets of devices')
  .version(VERSION)
  // Commands inherit both: they throw instead of ending the process, and the wording of errors is ours.
  .configureOutput({ outputError: () => undefined })
  .exitOverride()
  .addHelpText('afterAll', EXIT_CODES_HELP);

program
  .command('serve', { isDefault: true })
  .description('run the server until it is asked to stop')
  .option('--data-dir <folder>', 'where everything is kept (default: ./.ota-connect)')
  .addOption(new Option('--api-port <port>', 'port of the user API (default: 8080)').argParser(port))
  .addOption(
    new Option('--gateway-port <port>', 'port of the device gateway (default: 8443)').argParser(port),
  )
  .option('--host <address>', 'address to listen on; 0.0.0.0 for all (default: 127.0.0.1)')
  .option(
    '--host-name <name...>',
    'name devices reach the gateway by; the first goes into credentials (default: localhost)',
  )
  .action(serve);

type ServeOptions = {
  readonly dataDir?: string;
  readonly apiPort?: number;
  readonly gatewayPort?: number;
  readonly host?: string;
  readonly hostName?: readonly string[];
};

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

async function serve(options: ServeOptions): Promise<void> {
  const { hostName, ...rest } = options;
  const wishes: ConfigOptions = { ...rest, hostNames: hostName };
  const config = loadConfig(wishes, process.env);
  const server = await startServer(config);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop(server));
  say(`OTA Connect ${VERSION} serves ${config.dataDir}`);
  say(`  user API        ${server.apiUrl}   (token in ${operatorTokenFile(config.dataDir)})`);
  say(`  device gateway  ${server.gatewayUrl}`);
}

async function stop(server: RunningServer): Promise<void> {
  try {
    await server.close();
  } catch (error) {
    process.exitCode = report(error);
  }
}

function port(text: string): number {
  try {
    return parsePort('the port', text);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}

/** One sentence for what an operator can mend; the whole error for what only we can. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : reportUsage(error);
  const isOperatorMatter = error instanceof CodedError && error.family !== 'Bug';
  process.stderr.write(
    isOperatorMatter ? `ota-connect: ${error.message}\n` : `ota-connect: ${describe(error)}\n`,
  );
  return EXIT_FAILED;
}

function reportUsage(error: CommanderError): number {
  const what = error.message.replace(/^error: |\.$/g, '').replaceAll('\n', ' ');
  process.stderr.write(`ota-connect: ${what}; see: ota-connect serve --help\n`);
  return EXIT_USAGE;
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
