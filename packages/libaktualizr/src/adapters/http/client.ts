// One kept-alive TLS connection to the gateway, with the device's certificate and its private CA alone (the system's
// CAs are not trusted). Bodies are read up to a limit; redirects stay on https; errors and 5xx are tried again, 4xx never.
// client-protocol 2; node:https is loaded with the first request, since start-up time is a promise.
import type { Agent, AgentOptions, RequestOptions } from 'node:https';
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { TlsCredentials } from '../../ports.ts';
import { TransportError } from '../../errors.ts';
import { describeFailure } from './describe-failure.ts';
import { watchSpeed } from './watch-speed.ts';

const MAX_REDIRECTS = 10;

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
  /** Slower than this over a whole window is too slow. */
  readonly minBytesPerSecond?: number;
  readonly windowMs?: number;
};

export type HttpRequest = {
  readonly method: 'GET' | 'PUT' | 'POST';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  readonly maxBytes: number;
  readonly attempts?: number;
  readonly timeoutMs?: number;
};

export type HttpResponse = {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Uint8Array;
};

/** How the answer's body is read; resolves when it has ended. `destroy` of the message ends it early. */
type Consume<T> = (message: IncomingMessage) => Promise<T>;

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
};

type Defaults = Required<Omit<HttpOptions, 'credentials' | 'userAgent' | 'stop'>>;

export class HttpClient {
  readonly #options: HttpOptions & Defaults;
  #agent: Agent | undefined;
  #agentCredentials: TlsCredentials | undefined;

  constructor(options: HttpOptions) {
    this.#options = {
      timeoutMs: 60_000,
      attempts: 3,
      pauseMs: 1000,
      minBytesPerSecond: 5000,
      windowMs: 60_000,
      ...options,
    };
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
      } catch (error) {
        if (attempt >= attempts || !isWorthRetrying(error)) throw error;
      }
      await pause(this.#options.pauseMs, signal);
    }
  }

  /** Streams the answer's body to `consume`; one attempt. The head has the time of a request, the body the speed's limit. */
  async stream<T>(
    request: Omit<HttpRequest, 'maxBytes' | 'attempts'>,
    consume: Consume<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    const endless = { ...request, maxBytes: Number.POSITIVE_INFINITY };
    const timeoutMs = request.timeoutMs ?? this.#options.timeoutMs;
    return this.#follow(endless, {
      signal: this.#stoppable(signal),
      timeoutMs,
      deadlineFor: 'its head',
      consume,
    });
  }

  close(): void {
    this.#agent?.destroy();
    this.#agent = undefined;
  }

  #stoppable(signal: AbortSignal | undefined): AbortSignal | undefined {
    const stop = this.#options.stop?.();
    return stop === undefined || signal === undefined ? (signal ?? stop) : AbortSignal.any([signal, stop]);
  }

  async #follow<T>(first: HttpRequest, how: Exchange<T>): Promise<T> {
    let request = first;
    const untilMs = performance.now() + how.timeoutMs;
    for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
      const outcome = await this.#exchange(request, how, untilMs);
      if (outcome.kind === 'done') return outcome.value;
      request = redirected(request, outcome.status, outcome.location);
    }
    throw new TransportError(
      'malformed',
      `${originOf(first.url)} redirects more than ${MAX_REDIRECTS} times.`,
    );
  }

  async #exchange<T>(
    request: HttpRequest,
    how: Exchange<T>,
    untilMs: number,
  ): Promise<{ kind: 'done'; value: T } | { kind: 'redirect'; status: number; location: string }> {
    how.signal?.throwIfAborted();
    const https = await import('node:https');
    const url = parseUrl(request.url);
    const options = this.#requestOptions(https.Agent, request);
    const aborter = new AbortController();
    const missing = how.deadlineFor === 'the answer' ? 'no complete answer' : 'no answer';
    const contact: Contact = { isMade: false };
    const late = () => aborter.abort(tooLate(url, `${missing} within ${how.timeoutMs / 1000} s`, contact));
    const timer = setTimeout(late, Math.max(0, untilMs - performance.now()));
    const onAbort = () => aborter.abort(how.signal?.reason);
    how.signal?.addEventListener('abort', onAbort, { once: true });
    try {
      const outgoing = { url, options, body: request.body, contact };
      const message = await this.#head(outgoing, aborter.signal);
      if (how.deadlineFor === 'its head') clearTimeout(timer);
      const location = message.headers.location;
      const status = message.statusCode ?? 0;
      if (location !== undefined && [301, 302, 303, 307, 308].includes(status)) {
        dismiss(message);
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
  async #head({ url, options, body, contact }: Outgoing, signal: AbortSignal): Promise<IncomingMessage> {
    const https = await import('node:https');
    for (let again = false; ; again = true) {
      const outgoing = https.request(url, { ...options, signal });
      noteContact(outgoing, contact);
      try {
        return await send(outgoing, body);
      } catch (error) {
        if (outgoing.reusedSocket && !again && !signal.aborted) continue;
        throw describeFailure(error, url, hasTrustedPeer(outgoing.socket) ? 'after_handshake' : undefined);
      }
    }
  }

  async #watched<T>(message: IncomingMessage, url: URL, consume: Consume<T>): Promise<T> {
    const { minBytesPerSecond, windowMs } = this.#options;
    const stop = watchSpeed(message, { minBytesPerSecond, windowMs }, () =>
      message.destroy(tooSlow(url, `below ${minBytesPerSecond} bytes a second for ${windowMs / 1000} s`)),
    );
    try {
      return await consume(message);
    } finally {
      stop();
    }
  }

  #requestOptions(agentClass: typeof Agent, request: HttpRequest): RequestOptions {
    const credentials = this.#options.credentials();
    if (this.#agent === undefined || !isSame(credentials, this.#agentCredentials)) {
      this.#agent?.destroy();
      this.#agentCredentials = credentials;
      this.#agent = new agentClass({
        keepAlive: true,
        maxSockets: 1,
        minVersion: 'TLSv1.2',
        timeout: this.#options.timeoutMs,
        // Without credentials no CA is trusted at all: nothing may be asked of a server that nobody vouches for.
        ca: credentials?.ca ?? [],
        ...(credentials === undefined ? {} : ownIdentity(credentials)),
      });
    }
    const length =
      request.body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(request.body)) };
    return {
      method: request.method,
      agent: this.#agent,
      headers: { 'User-Agent': this.#options.userAgent, Accept: '*/*', ...request.headers, ...length },
    };
  }
}

function ownIdentity({ certificate, privateKey, keyInToken }: TlsCredentials): AgentOptions {
  if (keyInToken === undefined) return { cert: certificate, key: privateKey };
  const { engine, identifier } = keyInToken;
  return { cert: certificate, privateKeyEngine: engine, privateKeyIdentifier: identifier };
}

function isSame(a: TlsCredentials | undefined, b: TlsCredentials | undefined): boolean {
  return (
    a?.ca === b?.ca &&
    a?.certificate === b?.certificate &&
    a?.privateKey === b?.privateKey &&
    a?.keyInToken?.identifier === b?.keyInToken?.identifier
  );
}

/** Ends an answer whose body nobody wants: waiting for its end would leave the only connection to whoever sends it. */
export function dismiss(message: IncomingMessage): void {
  if (message.headers['content-length'] === '0') message.resume();
  else message.destroy();
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

function redirected(request: HttpRequest, status: number, location: string): HttpRequest {
  const url = URL.canParse(location, request.url) ? new URL(location, request.url) : undefined;
  if (url?.protocol !== 'https:') {
    throw new TransportError(
      'malformed',
      `${originOf(request.url)} redirects to an address that is not https.`,
    );
  }
  const target = { ...request, url: url.href };
  if ((status !== 302 && status !== 303) || request.method === 'GET') return target;
  const { body: _body, ...withoutBody } = target;
  return { ...withoutBody, method: 'GET' };
}

function isWorthRetrying(error: unknown): boolean {
  return error instanceof TransportError && (error.code === 'unreachable' || error.code === 'truncated');
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'https:') return url;
  throw new TransportError(
    'unreachable',
    `${text === '' ? 'An empty address' : text.split('?', 1)[0]} is not an https address.`,
    {
      details: { reason: 'not_https' },
    },
  );
}

function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : url;
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
