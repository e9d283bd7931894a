// `npm run demo`: the story of `npm start` in a temporary folder, on free ports, leaving nothing behind. Ends with 0 only
// if, after the client has exited, the file on the device, aktualizr-info and the server all say that it was updated.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describeFigures } from './demo/figures.ts';
import { StoryError, createShell } from './demo/run-command.ts';
import { type ServerProcess, startServer } from './demo/server-process.ts';
import { stopSignal } from './demo/stop-signal.ts';
import { tellStory } from './demo/story.ts';
import { findFailures } from './demo/verdict.ts';

process.exitCode = await demo();

async function demo(): Promise<number> {
  const stop = stopSignal();
  const folder = mkdtempSync(path.join(tmpdir(), 'ota-connect-demo-'));
  const dataDir = path.join(folder, 'data');
  let server: ServerProcess | undefined;
  try {
    const place = { dataDir, apiPort: await freePort(), gatewayPort: await freePort() };
    server = await startServer(place, stop.signal);
    const { OTA_URL: _url, OTA_TOKEN: _token, ...env } = process.env;
    const shell = createShell({ ...env, XDG_CONFIG_HOME: path.join(folder, 'config') }, stop.signal);
    const told = await tellStory(shell, server, dataDir);
    const figures = await describeFigures(server.pid, told.firstUpdateMs);
    const failures = await findFailures(shell, told);
    console.log(`\n${figures}`);
    for (const sentence of failures) console.error(sentence);
    if (failures.length > 0) return 1;
    console.log('The file on the device, aktualizr-info and the server agree: the update is installed.');
    return 0;
  } catch (error) {
    if (stop.signal.aborted) return stop.name() === 'SIGINT' ? 130 : 143;
    if (!(error instanceof StoryError)) throw error;
    console.error(error.message);
    return 1;
  } finally {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  return await new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
