// `npm start`: OTA Connect on its embedded defaults, a demo device that is updated over the air before your eyes, then
// serving until Ctrl-C. A second start finds the data of the first.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { describeFigures } from './demo/figures.ts';
import { StoryError, createShell } from './demo/run-command.ts';
import { type ServerProcess, startServer } from './demo/server-process.ts';
import { operatorEnvironment } from './demo/operator-environment.ts';
import { stopSignal } from './demo/stop-signal.ts';
import { tellStory } from './demo/story.ts';

const dataDir = path.relative('', process.env['OTA_CONNECT_DATA_DIR'] ?? '.ota-connect') || '.';
const place = {
  dataDir,
  apiPort: Number(process.env['OTA_CONNECT_API_PORT'] ?? 8080),
  gatewayPort: Number(process.env['OTA_CONNECT_GATEWAY_PORT'] ?? 8443),
};

process.exitCode = await start();

async function start(): Promise<number> {
  const { signal } = stopSignal();
  const isFirst = !existsSync(path.join(dataDir, 'ota-connect.db'));
  let server: ServerProcess | undefined;
  signal.addEventListener('abort', () => {
    console.log(server === undefined ? '\nStopping.' : `\nStopping; the data stays in ${dataDir}.`);
  });
  try {
    server = await startServer(place, signal);
    if (!isFirst) console.log(`Found the data of an earlier start in ${dataDir}.`);
    const shell = createShell(operatorEnvironment(dataDir, server.apiUrl), signal);
    const { firstUpdateMs } = await tellStory(shell, server, dataDir);
    console.log(`\n${await describeFigures(server.pid, firstUpdateMs)}`);
    printAddresses(server);
    return await untilStopped(server, signal);
  } catch (error) {
    if (signal.aborted) return 0;
    if (!(error instanceof StoryError)) throw error;
    console.error(error.message);
    return 1;
  } finally {
    await server?.stop();
  }
}

function printAddresses(server: ServerProcess): void {
  console.log(`
Serving the user API at ${server.apiUrl}/api/v3 and devices at ${server.gatewayUrl}
(log: ${server.logFile}). Try: npx --no ota device list
Ctrl-C stops it; the next npm start finds everything again.`);
}

/** 0 after Ctrl-C; a server that ends by itself is a failure. */
async function untilStopped(server: ServerProcess, signal: AbortSignal): Promise<number> {
  const stopped = new Promise<'stopped'>((resolve) => {
    if (signal.aborted) resolve('stopped');
    signal.addEventListener('abort', () => resolve('stopped'));
  });
  const first = await Promise.race([stopped, server.ended]);
  if (first === 'stopped') return 0;
  console.error(`The server ended by itself with ${first ?? 'a signal'}; its log is ${server.logFile}.`);
  return 1;
}
