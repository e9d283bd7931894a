// A TCP link with a speed limit and a kill switch between a device and the gateway. It sees bytes, never plain text.
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export type Link = {
  readonly port: number;
  /** Bytes that went towards the device since the last reset. */
  readonly bytesDown: () => number;
  /** Bytes that went towards the gateway since the last reset. */
  readonly bytesUp: () => number;
  readonly reset: () => void;
  /** Resolves when that many bytes went down since the last reset. */
  readonly until: (bytes: number) => Promise<void>;
  readonly setBytesPerSecond: (rate: number) => void;
  readonly close: () => Promise<void>;
};

const SLICE_MS = 5;
/** What an idle link saves up for a burst, in seconds of its rate. */
const BURST_SECONDS = 0.005;

async function pump(from: Socket, to: Socket, spend: (bytes: number) => Promise<void>): Promise<void> {
  for await (const chunk of from) {
    await spend((chunk as Buffer).length);
    if (to.destroyed) return;
    to.write(chunk as Buffer);
  }
  to.end();
}

/** Forwards to localhost:`target` at most `bytesPerSecond` towards the device, all connections together. */
export async function throttledLink(target: number, bytesPerSecond: number): Promise<Link> {
  let rate = bytesPerSecond;
  let down = 0;
  let up = 0;
  let allowance = 0;
  let refilled = performance.now();
  const spend = async (bytes: number): Promise<void> => {
    for (let open = bytes; open > 0;) {
      const now = performance.now();
      allowance = Math.min(rate * BURST_SECONDS, allowance + ((now - refilled) / 1000) * rate);
      refilled = now;
      const taken = Math.min(open, allowance);
      allowance -= taken;
      open -= taken;
      if (open > 0) await sleep(SLICE_MS);
    }
    down += bytes;
  };
  const countUp = async (bytes: number): Promise<void> => {
    up += bytes;
  };
  const sockets = new Set<Socket>();
  const server = createServer((device) => {
    const gateway = connect(target, 'localhost');
    for (const socket of [device, gateway]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => socket.destroy());
    }
    const broken = (): void => {
      device.destroy();
      gateway.destroy();
    };
    pump(gateway, device, spend).catch(broken);
    pump(device, gateway, countUp).catch(broken);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    bytesDown: () => down,
    bytesUp: () => up,
    reset: () => {
      down = 0;
      up = 0;
    },
    until: async (bytes) => {
      while (down < bytes) await sleep(5);
    },
    setBytesPerSecond: (next) => {
      rate = next;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
