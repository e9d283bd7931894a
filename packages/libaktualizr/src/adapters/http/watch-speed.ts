// Watches how fast a body arrives: calls back once when a whole window has passed below the limit. The window slides in
// sixths, so that a stall is noticed at most a sixth of a window late. client-protocol 2 "stall detection".
import type { IncomingMessage } from 'node:http';

const SLICES = 6;

/** The limit may change while it is watched; at 0 nothing is too slow. */
export type SpeedLimit = { readonly minBytesPerSecond: () => number; readonly windowMs: number };

/** Returns how to stop watching. Attaches no `data` listener, so that it does not start the flow. */
export function watchSpeed(message: IncomingMessage, limit: SpeedLimit, onTooSlow: () => void): () => void {
  const slices: number[] = [];
  const socket = message.socket;
  let seen = socket.bytesRead;
  const timer = setInterval(() => {
    slices.push(socket.bytesRead - seen);
    seen = socket.bytesRead;
    if (slices.length < SLICES) return;
    const received = slices.reduce((sum, bytes) => sum + bytes, 0);
    slices.shift();
    if (received < (limit.minBytesPerSecond() * limit.windowMs) / 1000) onTooSlow();
  }, limit.windowMs / SLICES);
  timer.unref();
  return () => clearInterval(timer);
}
