// What the service manager is told: ready, reloading, stopping, a line of status, and, while the daemon is alive, the
// watchdog's food. Node.js opens no datagram sockets of the Unix kind, so each message is one run of `systemd-notify`, about
// 8 ms of CPU; with a watchdog of ten minutes that is less than three seconds a day, where a helper that stays would cost
// memory all day. Nothing is loaded without NOTIFY_SOCKET. sd_notify(3)
import type { Aktualizr, PollingControl } from '@ota-connect/libaktualizr';
import type { Config } from '@ota-connect/libaktualizr/config/config';
import type { Output } from './output.ts';

export type Supervision = {
  readonly ready: (status: string) => void;
  readonly status: (status: string) => void;
  /** Announces the reload, and that it is over. */
  readonly during: (what: 'reload', work: () => Promise<unknown>) => Promise<void>;
  readonly stopping: () => void;
  /** The loop has got on. */
  readonly alive: () => void;
  readonly close: () => void;
};

export type Supervised = {
  readonly config: Config;
  readonly aktualizr: Pick<Aktualizr, 'subscribe' | 'status'>;
  readonly polling: Pick<PollingControl, 'nextPollAt'>;
  readonly output: Output;
};

/** A cycle that shows no sign of life for so long is stuck. Longer than any one call of ours may take. */
const STUCK_MS = 2 * 3_600_000;

export function createSupervision(supervised: Supervised): Supervision {
  const socket = process.env.NOTIFY_SOCKET;
  if (socket === undefined || socket === '') return UNSUPERVISED;
  // Not for hooks and other children of ours.
  delete process.env.NOTIFY_SOCKET;
  return supervise(supervised, createSender(socket, supervised.output));
}

const UNSUPERVISED: Supervision = {
  ready: () => undefined,
  status: () => undefined,
  during: async (_what, work) => {
    await work();
  },
  stopping: () => undefined,
  alive: () => undefined,
  close: () => undefined,
};

type Send = (...variables: readonly string[]) => void;

function supervise({ config, aktualizr, polling }: Supervised, send: Send): Supervision {
  let lastSign = performance.now();
  const alive = () => void (lastSign = performance.now());
  const unsubscribe = aktualizr.subscribe(alive);
  const stuckMs = STUCK_MS + config.pacman.scriptTimeoutSec * 1000;
  const isStuck = () => {
    const { isPaused, isBusy } = aktualizr.status();
    // In a pause, of whichever kind, nothing has to move.
    if (isPaused || !isBusy || polling.nextPollAt !== undefined) alive();
    return performance.now() - lastSign > stuckMs;
  };
  const watchdogMs = watchdogInterval();
  const timer =
    watchdogMs === undefined
      ? undefined
      : setInterval(() => {
          if (!isStuck()) send('WATCHDOG=1');
        }, watchdogMs);
  timer?.unref();
  return {
    ready: (status) => send('READY=1', `STATUS=${status}`),
    status: (status) => send(`STATUS=${status}`),
    async during(_what, work) {
      send('RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`);
      await work();
      send('READY=1');
    },
    stopping: () => send('STOPPING=1', 'STATUS=Stopping'),
    alive,
    close: () => {
      clearInterval(timer);
      unsubscribe();
    },
  };
}

/** Half of what the manager waits; undefined when it does not watch this process. */
function watchdogInterval(): number | undefined {
  const { WATCHDOG_USEC: usec = '', WATCHDOG_PID: pid } = process.env;
  if (pid !== undefined && pid !== String(process.pid)) return undefined;
  return /^[1-9]\d{0,15}$/.test(usec) ? Math.max(Number(usec) / 2000, 1) : undefined;
}

/** One message after the other; what the manager does not get is said once. */
function createSender(socket: string, output: Output): Send {
  let last: Promise<void> = Promise.resolve();
  let isTold = false;
  return (...variables) => {
    last = last.then(async () => {
      const why = await notify(socket, variables);
      if (why === undefined || isTold) return;
      isTold = true;
      output.log('warning', `The service manager cannot be told of our state: ${why}`);
    });
  };
}

/** Answers what went wrong. */
async function notify(socket: string, variables: readonly string[]): Promise<string | undefined> {
  const { spawn } = await import('node:child_process');
  return new Promise((resolve) => {
    const child = spawn('systemd-notify', variables, {
      env: { ...process.env, NOTIFY_SOCKET: socket },
      stdio: ['ignore', 'ignore', 'ignore'],
    });
    child.on('error', (error) => resolve(error.message));
    child.on('exit', (code) => resolve(code === 0 ? undefined : `systemd-notify ended with ${code}`));
  });
}
