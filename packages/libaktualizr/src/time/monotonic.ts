// Milliseconds since some moment, by a clock that nobody sets. `performance` says the same, but the first use of it loads
// eight modules of Node.js, 2 ms of each start.
export function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}
