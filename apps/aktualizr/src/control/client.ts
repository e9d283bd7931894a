// The other end of the control socket: one request, its answer; and one command, followed line by line to its outcome.
// Leaving early ends the command in the daemon.
import { request, type IncomingMessage } from 'node:http';
import { isJsonObject, parseStrictJson, type JsonObject } from '@ota-connect/uptane';
import { textOf } from '../outcome.ts';
import { ControlError } from './control-error.ts';

const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
/** A daemon that is there answers its status at once. */
const ANSWER_MS = 5000;

export type Question = {
  readonly socket: string;
  readonly method: 'GET' | 'POST';
  /** Below /v1. */
  readonly path: string;
  readonly body?: JsonObject;
};

export type Following = Question & {
  readonly signal: AbortSignal;
  /** `data`: one JSON value, checked to be one. */
  readonly onEvent: (event: string, data: JsonObject) => void;
};

/** The outcome or problem that came. @throws ControlError */
export async function ask(question: Question): Promise<JsonObject> {
  const message = await send(question, { signal: AbortSignal.timeout(ANSWER_MS) });
  const chunks: string[] = [];
  for await (const chunk of lines(message, question.socket)) chunks.push(chunk);
  return asObject(chunks.join('\n'), question.socket);
}

/** Resolves with the outcome. Rejects with ControlError, or with the signal's reason. */
export async function follow(question: Following): Promise<JsonObject> {
  const { socket, signal, onEvent } = question;
  const message = await send(question, { signal, accept: 'text/event-stream' });
  if (message.headers['content-type']?.startsWith('text/event-stream') !== true) {
    const chunks: string[] = [];
    for await (const chunk of lines(message, socket)) chunks.push(chunk);
    const { detail } = asObject(chunks.join('\n'), socket);
    throw new ControlError('refused', `The daemon refused: ${textOf(detail)}`);
  }
  let event = '';
  try {
    for await (const line of lines(message, socket)) {
      if (line.startsWith('event: ')) event = line.slice(7);
      if (!line.startsWith('data: ')) continue;
      const data = asObject(line.slice(6), socket);
      if (event === 'outcome') return data;
      onEvent(event, data);
    }
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof ControlError ? error : gone(error);
  }
  throw gone();
}

/** Resolves with the head of the answer. */
async function send(
  { socket, method, path, body }: Question,
  { signal, accept }: { readonly signal: AbortSignal; readonly accept?: string },
): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const text = body === undefined ? '' : JSON.stringify(body);
  const headers = {
    ...(accept === undefined ? {} : { accept }),
    ...(method === 'GET'
      ? {}
      : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
  };
  const outgoing = request({
    socketPath: socket,
    path: `/v1/${path}`,
    method,
    headers,
    signal,
    agent: false,
  });
  outgoing.on('response', resolve);
  outgoing.on('error', reject);
  outgoing.end(text);
  try {
    return await promise;
  } catch (error) {
    throw signal.aborted && accept !== undefined ? signal.reason : describe(error, socket);
  }
}

function describe(error: unknown, socket: string): ControlError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EACCES' || code === 'EPERM') {
    return new ControlError(
      'not_permitted',
      `This user may not use the daemon's control socket ${socket}: only its own user may, and the group that control.group names.`,
      { cause: error },
    );
  }
  if (code === 'ECONNREFUSED' || code === 'ENOENT' || code === 'ENOTSOCK')
    return new ControlError('no_daemon', `No daemon answers on ${socket}.`, { cause: error });
  return gone(error);
}

function gone(cause?: unknown): ControlError {
  const message = 'The daemon has gone before it gave an answer; what it did by then stands in its log.';
  return new ControlError('daemon_gone', message, cause === undefined ? {} : { cause });
}

/** Whole lines, and the rest. */
async function* lines(message: IncomingMessage, socket: string): AsyncGenerator<string> {
  message.setEncoding('utf8');
  let rest = '';
  for await (const chunk of message as AsyncIterable<string>) {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() ?? '';
    if (rest.length > MAX_ANSWER_BYTES) throw malformed(socket);
    yield* parts;
  }
  if (rest !== '') yield rest;
}

function asObject(text: string, socket: string): JsonObject {
  try {
    const value = parseStrictJson(Buffer.from(text));
    if (isJsonObject(value)) return value;
  } catch (cause) {
    throw malformed(socket, cause);
  }
  throw malformed(socket);
}

function malformed(socket: string, cause?: unknown): ControlError {
  const message = `What answers on ${socket} is no daemon of this kind.`;
  return new ControlError('malformed_answer', message, cause === undefined ? {} : { cause });
}
