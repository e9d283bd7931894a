// One GET: the body piece by piece up to a limit, on a connection of its own and without a second try, so that a server
// sees exactly what was asked. Redirects stay with their scheme. No answer is waited for without end: each has a start
// and the lowest speed that the original bears, together. client-protocol 2
import type { ClientRequest, IncomingMessage } from 'node:http';
import { CodedError } from '@ota-connect/uptane';
import { parseAddress, type Address } from './address.ts';
import { TransportError } from './errors.ts';

const MAX_REDIRECTS = 10;
/** The original's list, and what servers of files say instead of 404. */
const ABSENT = new Set([403, 404, 410]);
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** How slow a server may be. */
export type Patience = { readonly startMs: number; readonly minBytesPerSecond: number };
export const PATIENCE: Patience = { startMs: 60_000, minBytesPerSecond: 5000 };

/** A longer timer would go off at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export type Wanted = {
  readonly maxBytes: number;
  readonly write: (piece: Uint8Array) => void;
  readonly patience?: Patience;
};

/** `too long`: more than `maxBytes` came or were announced. @throws TransportError */
export async function httpGet(start: Address, wanted: Wanted): Promise<'whole' | 'absent' | 'too long'> {
  const { startMs, minBytesPerSecond } = wanted.patience ?? PATIENCE;
  const timeoutMs = Math.min(startMs + (wanted.maxBytes / minBytesPerSecond) * 1000, LONGEST_TIMER_MS);
  let outgoing: ClientRequest | undefined;
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    outgoing?.destroy(new Error('late'));
  }, timeoutMs);
  try {
    let address = start;
    for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
      outgoing = open(address);
      const message = await headOf(outgoing);
      const location = message.headers.location;
      if (location === undefined || !REDIRECTS.has(message.statusCode ?? 0))
        return await read(message, wanted, address);
      outgoing.destroy();
      address = redirected(address, location);
    }
    throw new TransportError('malformed', `${start.url.origin} redirects more than ${MAX_REDIRECTS} times.`);
  } catch (error) {
    if (isLate) throw tooSlow(start, timeoutMs);
    throw isNetworkError(error) ? unreachable(start, error) : error;
  } finally {
    clearTimeout(timer);
    outgoing?.destroy();
  }
}

function open({ url, path }: Address): ClientRequest {
  // Not imported: an import of node:http reads all its members and with them loads a second HTTP client, WebSockets too.
  const { request } = process.getBuiltinModule(url.protocol === 'https:' ? 'node:https' : 'node:http');
  const host = url.hostname.replaceAll(/^\[|\]$/g, '');
  const headers = { host: url.host, 'user-agent': 'ota-connect', accept: '*/*' };
  const port = url.port === '' ? {} : { port: url.port };
  return request({ host, ...port, path, headers, agent: false }).end();
}

function headOf(outgoing: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    outgoing.on('response', resolve);
    outgoing.on('error', reject);
  });
}

async function read(
  message: IncomingMessage,
  { maxBytes, write }: Wanted,
  address: Address,
): Promise<'whole' | 'absent' | 'too long'> {
  const status = message.statusCode ?? 0;
  if (ABSENT.has(status)) return 'absent';
  if (status !== 200)
    throw new TransportError('http_status', `${nameOf(address)} is answered with status ${status}.`, {
      details: { status },
    });
  if (Number(message.headers['content-length'] ?? 0) > maxBytes) return 'too long';
  let received = 0;
  for await (const piece of message as AsyncIterable<Uint8Array>) {
    received += piece.byteLength;
    if (received > maxBytes) return 'too long';
    write(piece);
  }
  return 'whole';
}

function redirected(from: Address, location: string): Address {
  const address = parseAddress(location, new URL(from.path, from.url));
  if (address?.url.protocol === from.url.protocol) return address;
  throw new TransportError(
    'malformed',
    `${from.url.origin} redirects to something that is not ${from.url.protocol.slice(0, -1)}.`,
  );
}

function isNetworkError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && !(error instanceof CodedError);
}

function unreachable(address: Address, cause: Error): TransportError {
  return new TransportError('unreachable', `${nameOf(address)} gives no whole answer: ${cause.message}.`, {
    cause,
  });
}

function tooSlow(address: Address, timeoutMs: number): TransportError {
  return new TransportError(
    'too_slow',
    `${nameOf(address)} is not there after ${Math.round(timeoutMs / 1000)} s.`,
    {
      details: { attack: 'slow retrieval' },
    },
  );
}

function nameOf({ url, path }: Address): string {
  return `${url.origin}${path.split('?', 1)[0]}`;
}
