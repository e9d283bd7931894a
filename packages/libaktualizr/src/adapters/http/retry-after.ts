// When a server that is busy (429, 503) wants to be asked again: Retry-After as seconds or as a date, which is read by the
// server's own clock where it tells it, since the device's may be wrong. RFC 9110 section 10.2.3.
import type { IncomingHttpHeaders } from 'node:http';

const BUSY: ReadonlySet<number> = new Set([429, 503]);
/** Nobody is kept away for longer, whoever says so. */
const MAX_SECONDS = 86_400;

/** Whole seconds from now; undefined where nothing usable is said. */
export function retryAfterSeconds(
  status: number,
  headers: IncomingHttpHeaders,
  nowMs: number = Date.now(),
): number | undefined {
  const text = headers['retry-after']?.trim();
  if (text === undefined || !BUSY.has(status)) return undefined;
  if (/^\d{1,15}$/.test(text)) return Math.min(Number(text), MAX_SECONDS);
  const at = Date.parse(text);
  // Only the forms of HTTP dates name the weekday: anything else that a lenient parser takes is no date.
  if (Number.isNaN(at) || !/^[A-Za-z]{3,9},? /.test(text)) return undefined;
  const serverMs = Date.parse(headers.date ?? '');
  const seconds = Math.ceil((at - (Number.isNaN(serverMs) ? nowMs : serverMs)) / 1000);
  return Math.min(Math.max(0, seconds), MAX_SECONDS);
}
