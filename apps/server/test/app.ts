// A scratch server: real listeners on free ports, real files in a temporary folder.
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after } from 'node:test';
import { loadConfig, type ConfigOptions } from '../src/config.ts';
import { operatorTokenFile } from '../src/modules/users/index.ts';
import type { Clock } from '../src/platform/clock.ts';
import { startServer, type RunningServer } from '../src/server.ts';
import { scratchFolder } from './scratch-folder.ts';

/** A clock that moves when told to. */
export type ManualClock = Clock & { advance(ms: number): void };

export function manualClock(startMs: number = Date.now()): ManualClock {
  let now = startMs;
  return {
    now: () => now,
    advance(ms) {
      now += ms;
    },
  };
}

export type ScratchServer = RunningServer & {
  readonly dataDir: string;
  readonly token: string;
  /** A request of the user API: `api('GET', '/devices')`. The body is sent as JSON. */
  api(method: string, path: string, body?: unknown): Promise<Response>;
  /** Stops the server and starts it again on the same data. */
  restart(): Promise<ScratchServer>;
  /** Stops the server and removes its folder. */
  dispose(): Promise<void>;
};

/** Servers that a failed test left running would keep its process alive. */
const running = new Set<RunningServer>();
after(async () => {
  for (const server of running) {
    running.delete(server);
    await server.close();
  }
});

export async function startScratchServer(
  options: ConfigOptions & { readonly clock?: Clock } = {},
): Promise<ScratchServer> {
  const { clock, ...wishes } = options;
  const dataDir = options.dataDir ?? join(scratchFolder(), 'data');
  const config = loadConfig({ apiPort: 0, gatewayPort: 0, logLevel: 'silent', ...wishes, dataDir });
  const server = await startServer(config, clock);
  running.add(server);
  const close = async (): Promise<void> => {
    if (running.delete(server)) await server.close();
  };
  const token = (await readFile(operatorTokenFile(dataDir), 'utf8')).trim();
  return {
    ...server,
    close,
    dataDir,
    token,
    api(method, path, body) {
      const headers: Record<string, string> = { authorization: `Bearer ${token}` };
      const request: RequestInit = { method, headers };
      if (body !== undefined) {
        headers['content-type'] = 'application/json';
        request.body = JSON.stringify(body);
      }
      return fetch(`${server.apiUrl}/api/v3${path}`, request);
    },
    async restart() {
      await close();
      return startScratchServer({ ...options, dataDir });
    },
    async dispose() {
      await close();
      await rm(join(dataDir, '..'), { recursive: true, force: true });
    },
  };
}
