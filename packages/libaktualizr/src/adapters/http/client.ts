// Requests to the gateway over kept-alive TLS, one connection for all that is asked in turn. Bodies are read up to a limit;
// redirects stay on https; errors and 5xx are tried again, 4xx never; a server that says when it has time again is not
// asked before. client-protocol 2; node:https is loaded with the first request, since start-up time is a promise.
import type { RequestOptions } from 'node:https';
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { TlsCredentials } from '../../ports.ts';
import { monotonicMs } from '../../time/monotonic.ts';
import { TransportError } from '../../errors.ts';
import { Connections, type Relation } from './connections.ts';
import { describeFailure } from './describe-failure.ts';
import type { Environment, ProxySettings } from './proxy.ts';
import { RateLimit } from './rate-limit.ts';
import {
  hostOf,
  isRedirect,
  MAX_REDIRECTS,
  parseUrl,
  redirected,
  relationTo,
  tooManyRedirects,
} from './redirects.ts';
import { retryAfterSeconds } from './retry-after.ts';
import type { ServerTime } from './server-trust.ts';
import { watchSpeed } from './watch-speed.ts';

/** A longer Retry-After is the caller's to honour. */
const MAX_WAIT_SECONDS = 10;
const NO_PROXY: ProxySettings = { url: '', noProxy: '' };

export type HttpOptions = {
  /** Asked at each connection, so that credentials that were just provisioned are used. */
  readonly credentials: () => TlsCredentials | undefined;
  readonly userAgent: string;
  /** Asked at each request for what ends it: the verb that it belongs to, or the process, is asked to stop. */
  readonly stop?: () => AbortSignal | undefined;
  /** For the whole exchange; in a transfer of an image for the head of the answer, the rest is bound by the speed. */
  readonly timeoutMs?: number;
  readonly attempts?: number;
  readonly pauseMs?: number;
  /** Slower than this over a whole window is too slow; 0: nothing is. */
  readonly minBytesPerSecond?: number;
  readonly windowMs?: number;
  /** Transfers of images at the same time; one more connection is for what is asked beside them. */
  readonly parallelTransfers?: number;
  /** Of all transfers of images together; 0: no limit. */
  readonly bytesPerSecond?: number;
  /** No proxy but the environment's when absent. */
  readonly proxy?: ProxySettings;
  readonly environment?: Environment;
  /** Refuse a server that brings no good OCSP answer for its certificate. */
  readonly requireStaple?: boolean;
  /** Host names of the servers that the device's certificate is for; the host of each address that is asked when absent. */
  readonly ownHosts?: ReadonlySet<string>;
  /** Judges the dates of servers' certificates; the clock alone does when absent. */
  readonly time?: ServerTime;
  /** PEM; whom a host that is not ours may be known by, where only images are fetched. The system's when absent. */
  readonly publicAuthorities?: () => readonly string[];
};

export type HttpRequest = {
  readonly method: 'GET' | 'PUT' | 'POST';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  readonly maxBytes: number;
  readonly attempts?: number;
  readonly timeoutMs?: number;
  /** Asks what time it is: what only that would tell keeps nobody from asking. */
  readonly isForTime?: boolean;
};

export type HttpResponse = {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Uint8Array;
};

/** How the answer's body is read; resolves when it has ended. `destroy` of the message ends it early. */
type Consume<T> = (message: IncomingMessage) => Promise<T>;

/** What is fetched is known by its hash. */
type Verified = { readonly isVerified?: boolean };

type Exchange<T> = {
  readonly signal: AbortSignal | undefined;
  /** Of all redirects together. */
  readonly timeoutMs: number;
  /** What has to be there by then. */
  readonly deadlineFor: 'the answer' | 'its head';
  readonly consume: Consume<T>;
};

/** Whether somebody took the connection: who then says nothing is slow, who does not is out of reach. */
type Contact = { isMade: boolean };

type Outgoing = {
  readonly url: URL;
  readonly options: RequestOptions;
  readonly body: Uint8Array | string | undefined;
  readonly contact: Contact;
  readonly relation: Relation;
  readonly isForTime: boolean;
};

type Defaults = Required<
  Pick<HttpOptions, 'timeoutMs' | 'attempts' | 'pauseMs' | 'minBytesPerSecond' | 'windowMs'>
>;

export class HttpClient {
  readonly #options: HttpOptions & Defaults;
  readonly #connections: Connections;
  readonly #rate: RateLimit;
  #transfers = 0;

  constructor(options: HttpOptions) {
    this.#options = {
      timeoutMs: 60_000,
      attempts: 3,
      pauseMs: 1000,
      minBytesPerSecond: 5000,
      windowMs: 60_000,
      ...options,
    };
    const { parallelTransfers = 1, requireStaple = false, bytesPerSecond = 0 } = options;
    const { proxy = NO_PROXY, environment = process.env } = options;
    const maxSockets = parallelTransfers + 1;
    const connections = { ...this.#options, maxSockets, requireStaple, proxy, environment };
    this.#connections = new Connections(connections);
    this.#rate = new RateLimit(bytesPerSecond);
  }

  /** Of all transfers together; paces whoever reads. */
  get rate(): RateLimit {
    return this.#rate;
  }

  /** For a program that fetches by itself. */
  get proxy(): ProxySettings {
    return this.#connections.proxy;
  }

  /** From the next connection on. */
  useProxy(proxy: ProxySettings): void {
    this.#connections.useProxy(proxy);
  }

  /** The whole answer in memory. Any status below 500 is an answer; throws TransportError otherwise. */
  async request(request: HttpRequest, caller?: AbortSignal): Promise<HttpResponse> {
    const signal = this.#stoppable(caller);
    const attempts = request.attempts ?? this.#options.attempts;
    for (let attempt = 1; ; attempt += 1) {
      try {
        const timeoutMs = request.timeoutMs ?? this.#options.timeoutMs;
        const consume = (message: IncomingMessage) => readAll(message, request);
        const how = { signal, timeoutMs, deadlineFor: 'the answer', consume } as const;
        const response = await this.#follow(request, how);
        if (response.status < 500 || attempt >= attempts) return response;
        const seconds = retryAfterSeconds(response.status, response.headers) ?? 0;
        if (seconds > MAX_WAIT_SECONDS) return response;
        await pause(Math.max(this.#options.pauseMs, seconds * 1000), signal);
      } catch (error) {
        if (attempt >= attempts || !isWorthRetrying(error)) throw error;
        await pause(this.#options.pauseMs, signal);
      }
    }
  }

  /** Streams the answer's body to `consume`; one attempt. The head has the time of a request, the body the speed's limit. */
  async stream<T>(
    request: Omit<HttpRequest, 'maxBytes' | 'attempts'> & Verified,
    consume: Consume<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    const endless = { ...request, maxBytes: Number.POSITIVE_INFINITY };
    const timeoutMs = request.timeoutMs ?? this.#options.timeoutMs;
    this.#transfers += 1;
    try {
      return await this.#follow(endless, {
        signal: this.#stoppable(signal),
        timeoutMs,
        deadlineFor: 'its head',
        consume,
      });
    } finally {
      this.#transfers -= 1;
    }
  }

  /** Closes the connections. Their TLS sessions are remembered, so that the next connection resumes one. */
  rest(): void {
    this.#connections.rest();
  }

  close(): void {
    this.#connections.close();
  }

  #stoppable(signal: AbortSignal | undefined): AbortSignal | undefined {
    const stop = this.#options.stop?.();
    return stop === undefined || signal === undefined ? (signal ?? stop) : AbortSignal.any([signal, stop]);
  }

  async #follow<T>(first: HttpRequest & Verified, how: Exchange<T>): Promise<T> {
    let request = first;
    const own = this.#options.ownHosts ?? new Set([hostOf(first.url)]);
    const untilMs = monotonicMs() + how.timeoutMs;
    for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
      const outcome = await this.#exchange(request, { ...how, own }, untilMs);
      if (outcome.kind === 'done') return outcome.value;
      request = redirected(request, outcome.status, outcome.location);
    }
    throw tooManyRedirects(first.url);
  }

  async #exchange<T>(
    request: HttpRequest & Verified,
    how: Exchange<T> & { readonly own: ReadonlySet<string> },
    untilMs: number,
  ): Promise<{ kind: 'done'; value: T } | { kind: 'redirect'; status: number; location: string }> {
    how.signal?.throwIfAborted();
    const url = parseUrl(request.url);
    const relation = relationTo(url.hostname, how.own, request.isVerified === true);
    const isForTime = request.isForTime === true;
    const agent = await this.#connections.agentFor(relation, isForTime);
    const options = { ...this.#requestOptions(request), agent };
    const aborter = new AbortController();
    const missing = how.deadlineFor === 'the answer' ? 'no complete answer' : 'no answer';
    const contact: Contact = { isMade: false };
    const late = () => aborter.abort(tooLate(url, `${missing} within ${how.timeoutMs / 1000} s`, contact));
    const timer = setTimeout(late, Math.max(0, untilMs - monotonicMs()));
    const onAbort = () => aborter.abort(how.signal?.reason);
    how.signal?.addEventListener('abort', onAbort, { once: true });
    try {
      const outgoing = { url, options, body: request.body, contact, relation, isForTime };
      const message = await this.#head(outgoing, aborter.signal);
      if (how.deadlineFor === 'its head') clearTimeout(timer);
      const location = message.headers.location;
      const status = message.statusCode ?? 0;
      if (location !== undefined && isRedirect(status)) {
        await dismiss(message);
        return { kind: 'redirect', status, location };
      }
      return { kind: 'done', value: await this.#watched(message, url, how.consume) };
    } catch (error) {
      if (how.signal?.aborted) throw how.signal.reason;
      throw describeFailure(aborter.signal.aborted ? aborter.signal.reason : error, url);
    } finally {
      clearTimeout(timer);
      how.signal?.removeEventListener('abort', onAbort);
    }
  }

  /** The head of the answer. A kept-alive connection that the server closed meanwhile says nothing: once more, on a new one. */
  async #head(request: Outgoing, signal: AbortSignal): Promise<IncomingMessage> {
    const { url, body, contact, relation, isForTime } = request;
    const https = await import('node:https');
    let { options } = request;
    for (let again = false; ; again = true) {
      const outgoing = https.request(url, { ...options, signal });
      noteContact(outgoing, contact);
      try {
        return await send(outgoing, body);
      } catch (error) {
        if (outgoing.reusedSocket && !again && !signal.aborted) continue;
        if (this.#connections.isContested(relation, error)) {
          options = { ...options, agent: await this.#connections.agentFor(relation, isForTime) };
          continue;
        }
        const ownCertificate = this.#options.credentials()?.certificate;
        throw describeFailure(error, url, hasTrustedPeer(outgoing.socket) ? { ownCertificate } : undefined);
      }
    }
  }

  async #watched<T>(message: IncomingMessage, url: URL, consume: Consume<T>): Promise<T> {
    const { windowMs } = this.#options;
    const slowest = () => this.#slowest();
    const stop = watchSpeed(message, { minBytesPerSecond: slowest, windowMs }, () =>
      message.destroy(tooSlow(url, `below ${slowest()} bytes a second for ${windowMs / 1000} s`)),
    );
    try {
      return await consume(message);
    } finally {
      stop();
    }
  }

  /** A transfer that we hold back ourselves has not stalled. */
  #slowest(): number {
    const { minBytesPerSecond } = this.#options;
    const { bytesPerSecond } = this.#rate;
    if (bytesPerSecond === 0) return minBytesPerSecond;
    return Math.min(minBytesPerSecond, bytesPerSecond / (2 * Math.max(1, this.#transfers)));
  }

  #requestOptions(request: HttpRequest): RequestOptions {
    const length =
      request.body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(request.body)) };
    return {
      method: request.method,
      headers: { 'User-Agent': this.#options.userAgent, Accept: '*/*', ...request.headers, ...length },
    };
  }
}

/** Ends an answer whose body nobody wants: waiting for its end would leave the connection to whoever sends it. */
export async function dismiss(message: IncomingMessage): Promise<void> {
  if (message.headers['content-length'] !== '0') return void message.destroy();
  const ended = new Promise((resolve) => message.once('close', resolve));
  message.resume();
  await ended;
}

async function readAll(message: IncomingMessage, request: HttpRequest): Promise<HttpResponse> {
  const chunks: Uint8Array[] = [];
  let received = 0;
  for await (const chunk of message as AsyncIterable<Uint8Array>) {
    received += chunk.length;
    if (received > request.maxBytes) {
      throw new TransportError(
        'malformed',
        `The answer to ${request.url.split('?', 1)[0]} is longer than ${request.maxBytes} bytes.`,
        {
          details: { tooLong: true },
        },
      );
    }
    chunks.push(chunk);
  }
  return { status: message.statusCode ?? 0, headers: message.headers, body: Buffer.concat(chunks, received) };
}

/** The handshake is over as seen from here: what the server says to our certificate comes after it. */
function hasTrustedPeer(socket: Socket | null): boolean {
  return socket !== null && 'authorized' in socket && socket.authorized === true;
}

function noteContact(outgoing: ClientRequest, contact: Contact): void {
  outgoing.on('socket', (socket) => {
    if (socket.connecting) socket.once('connect', () => void (contact.isMade = true));
    else contact.isMade = true;
  });
}

/** Resolves with the head of the answer. */
function send(outgoing: ClientRequest, body: Uint8Array | string | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    outgoing.on('response', resolve);
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

function isWorthRetrying(error: unknown): boolean {
  return error instanceof TransportError && (error.code === 'unreachable' || error.code === 'truncated');
}

function tooSlow(url: URL, what: string): TransportError {
  return new TransportError('too_slow', `${url.origin} is too slow: ${what}.`, {
    details: { attack: 'slow retrieval' },
  });
}

function tooLate(url: URL, what: string, { isMade }: Contact): TransportError {
  if (isMade) return tooSlow(url, what);
  return new TransportError('too_slow', `The server ${url.origin} cannot be reached: it does not answer.`);
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
