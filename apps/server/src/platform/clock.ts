// The server's only source of time; tests give a manual one. Milliseconds since the epoch, UTC.
export type Clock = { now(): number };

export const systemClock: Clock = { now: () => Date.now() };

/** ISO-8601 UTC in whole seconds, the form of every time in our answers. Source: server-protocol 1.2 */
export function isoSeconds(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
