// The user API over HTTP; no other file of `ota` opens a connection. An answer is a value or a CommandError that says in
// one sentence what happened. Bodies that are streamed (uploads) never stay in memory.
import {
  Agent as HttpAgent,
  type ClientRequest,
  type IncomingMessage,
  request as httpRequest,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Page, USER_API, readProblem } from '@ota-connect/contract';
import { CommandError } from './command-error.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { type SignIn, currentSignIn, errorCode } from './sign-in.ts';

const PAGE_SIZE = 200;
/** Without a byte for this long, the server counts as gone. */
const IDLE_MS = 60_000;
/** No JSON answer of the API is larger; a larger one is not from it. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

// A connection that stays open is also one that a server does not cut when it refuses an upload early.
const plainAgent = new HttpAgent({ keepAlive: true });
const secureAgent = new HttpsAgent({ keepAlive: true });

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

type Body = {
  readonly contentType: string;
  readonly lengthBytes: number;
  readonly stream: Readable | Buffer;
};

export type Query = { readonly [name: string]: string | undefined };

export type Answer = {
  readonly status: number;
  readonly header: (name: string) => string | undefined;
  readonly body: Buffer;
};

export type Api = {
  readonly url: string;
  get<T>(path: string, query?: Query): Promise<T>;
  /** Every page, one after the other, up to `limit` values. */
  list<T>(path: string, query?: Query, limit?: number): Promise<readonly T[]>;
  post<T>(path: string, body?: unknown): Promise<T>;
  /** POST whose answer does not matter. */
  order(path: string): Promise<void>;
  put(path: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Like post, for an answer that is no JSON. */
  postForFile(path: string, body: unknown): Promise<Answer>;
  upload<T>(
    path: string,
    query: Query,
    file: { stream: Readable; lengthBytes: number },
  ): Promise<{ status: number; value: T }>;
};

export function connect(signIn: SignIn = currentSignIn()): Api {
  const call = (method: Method, path: string, body?: Body): Promise<Answer> =>
    send(signIn, method, path, body);
  return {
    url: signIn.url,
    get: async <T>(path: string, query: Query = {}) => parse<T>(await call('GET', withQuery(path, query))),
    list: (path, query = {}, limit = Infinity) => listPages(call, path, query, limit),
    post: async <T>(path: string, body?: unknown) => parse<T>(await call('POST', path, jsonBody(body))),
    order: async (path) => void (await call('POST', path)),
    put: async (path) => void (await call('PUT', path)),
    remove: async (path) => void (await call('DELETE', path)),
    postForFile: (path, body) => call('POST', path, jsonBody(body)),
    upload: async <T>(path: string, query: Query, file: { stream: Readable; lengthBytes: number }) => {
      const answer = await call('PUT', withQuery(path, query), {
        contentType: 'application/octet-stream',
        ...file,
      });
      return { status: answer.status, value: parse<T>(answer) };
    },
  };
}

async function listPages<T>(
  call: (method: Method, path: string) => Promise<Answer>,
  path: string,
  query: Query,
  limit: number,
): Promise<readonly T[]> {
  const values: T[] = [];
  let cursor: string | undefined;
  do {
    const size = Math.min(PAGE_SIZE, limit - values.length);
    const page = parse<Page<T>>(
      await call('GET', withQuery(path, { ...query, limit: String(size), cursor })),
    );
    if (!Array.isArray(page.values)) throw notOurs();
    values.push(...page.values);
    if (page.nextCursor === cursor) break;
    cursor = page.nextCursor;
  } while (cursor !== undefined && values.length < limit);
  return values;
}

async function send(signIn: SignIn, method: Method, path: string, body: Body | undefined): Promise<Answer> {
  const url = new URL(`${signIn.url}${USER_API.base}${path}`);
  const headers = {
    authorization: `Bearer ${signIn.token}`,
    accept: 'application/json, application/problem+json;q=0.9, */*;q=0.1',
    'user-agent': 'ota',
    ...(body === undefined
      ? {}
      : { 'content-type': body.contentType, 'content-length': String(body.lengthBytes) }),
  };
  const options = { method, headers, timeout: IDLE_MS };
  const request =
    url.protocol === 'https:'
      ? httpsRequest(url, { ...options, agent: secureAgent })
      : httpRequest(url, { ...options, agent: plainAgent });
  request.on('timeout', () => request.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })));
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    request.on('response', resolve);
    request.on('error', reject);
  });
  try {
    const sent = write(request, body);
    // A server that refuses an upload answers before it has read all of it: its answer counts.
    const response = await Promise.race([answered, sent.then(() => answered)]);
    return accept(response, await read(response), signIn.url);
  } catch (error) {
    throw error instanceof CommandError ? error : unreachable(signIn.url, error, body !== undefined);
  } finally {
    if (!request.writableFinished) request.destroy();
  }
}

async function write(request: ClientRequest, body: Body | undefined): Promise<void> {
  if (body === undefined || Buffer.isBuffer(body.stream)) request.end(body?.stream);
  else await pipeline(body.stream, request);
}

async function read(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_ANSWER_BYTES) throw notOurs();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function accept(response: IncomingMessage, body: Buffer, url: string): Answer {
  const status = response.statusCode ?? 0;
  if (status < 200 || status >= 300) throw refusal(status, body, url);
  const header = (name: string): string | undefined => {
    const value = response.headers[name];
    return typeof value === 'string' ? value : undefined;
  };
  return { status, header, body };
}

function refusal(status: number, body: Buffer, url: string): CommandError {
  const problem = readProblem(tryJson(body));
  if (problem === undefined && status < 500 && status !== 401 && status !== 403) return notOurs(status);
  const detail = (problem?.detail ?? `the server answered with status ${status}`).replace(/[.;]\s*$/, '');
  const code = problem?.code ?? `http_${status}`;
  return new CommandError(code, exitCodeOf(status), `${detail}${nextStep(status, url)}`);
}

function exitCodeOf(status: number): ExitCode {
  if (status === 401 || status === 403) return EXIT.notSignedIn;
  if (status === 404) return EXIT.notFound;
  if (status === 502 || status === 503 || status === 504) return EXIT.unreachable;
  return status >= 500 ? EXIT.unexpected : EXIT.refused;
}

function nextStep(status: number, url: string): string {
  if (status === 401) return `; sign in with a token of ${url}: ota login --url ${url}`;
  if (status === 403) return '; ask for a token that may do this';
  if (status === 429 || status === 502 || status === 503 || status === 504) return '; try again in a moment';
  if (status >= 500) return '; the log of the server says more';
  return '.';
}

function unreachable(url: string, error: unknown, sending: boolean): CommandError {
  const code = errorCode(error);
  if (sending && (code === 'ECONNRESET' || code === 'EPIPE')) {
    const text = `${url} closed the connection before it had everything; nothing was stored, try again.`;
    return new CommandError('connection_lost', EXIT.unreachable, text, { cause: error });
  }
  const reason = code === undefined ? '' : ` (${code})`;
  const text = `No answer from ${url}${reason}; is the server running, and is this its address?`;
  return new CommandError('unreachable', EXIT.unreachable, text, { cause: error });
}

function notOurs(status?: number): CommandError {
  const which = status === undefined ? '' : ` (status ${status})`;
  return new CommandError(
    'unexpected_answer',
    EXIT.unexpected,
    `This is not the answer of an OTA Connect user API${which}; check the URL with: ota session`,
  );
}

function parse<T>(answer: Answer): T {
  const value = tryJson(answer.body);
  if (typeof value !== 'object' || value === null) throw notOurs(answer.status);
  return value as T;
}

function tryJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function jsonBody(value: unknown): Body | undefined {
  if (value === undefined) return undefined;
  const stream = Buffer.from(JSON.stringify(value));
  return { contentType: 'application/json', lengthBytes: stream.length, stream };
}

function withQuery(path: string, query: Query): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, value);
  return parameters.size === 0 ? path : `${path}?${parameters.toString()}`;
}
