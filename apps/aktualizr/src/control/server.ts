// The control socket: HTTP/1.1 and JSON on a Unix socket, the verbs of the daemon for whoever may open the file. Requests
// are small and bounded; a command ends when its asker goes away; with `Accept: text/event-stream` its lines and progress
// come as they are said, and the outcome last. Start at routes.ts; docs/guides/commands.md.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { AbortedError } from '@ota-connect/libaktualizr';
import type { Door } from '../daemon/doors.ts';
import type { ControlApi } from '../daemon/control-api.ts';
import { isError, type Outcome } from '../outcome.ts';
import type { Output } from '../output.ts';
import { openEventStream } from './event-stream.ts';
import { eventJson } from './json-event.ts';
import { problem, problemOf, type Problem } from './problem.ts';
import { readInput } from './read-input.ts';
import { findRoute, type Route } from './routes.ts';
import { admitGroup, freePath, listenAt } from './socket-file.ts';

export type SocketOptions = {
  readonly path: string;
  /** Empty: the own user alone. */
  readonly group: string;
  readonly output: Output;
};

const MAX_CONNECTIONS = 64;
const REQUEST_TIMEOUT_MS = 10_000;
/** How often slow requests are looked for: an idle daemon shall sleep. */
const LOOK_MS = 600_000;

/** Says why there is none, and answers undefined: a device is to be updated, controlled or not. */
export async function openControlSocket(
  api: ControlApi,
  { path, group, output }: SocketOptions,
): Promise<Door | undefined> {
  const server = controlServer(api, output);
  const why = (await freePath(path)) ?? (await listenAt(server, path));
  if (why !== undefined) {
    output.log('warning', `There is no control socket: ${why}.`);
    return undefined;
  }
  const kept = admitGroup(path, group);
  if (kept !== undefined)
    output.log('warning', `Only the daemon's own user may use ${path}: ${kept} (control.group).`);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function controlServer(api: ControlApi, output: Output): Server {
  const server = createServer(
    {
      headersTimeout: REQUEST_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: LOOK_MS,
      maxHeaderSize: 8192,
    },
    (message, response) => {
      serve(api, message, response).catch((error: unknown) => {
        output.defect(error);
        answer(response, problem(500, 'unexpected', 'A defect of the daemon; its log says more.'));
      });
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.on('clientError', (_error, socket: Socket) => refuseNoise(socket));
  return server;
}

/** What is no HTTP. */
function refuseNoise(socket: Socket): void {
  if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
  else socket.destroy();
}

async function serve(api: ControlApi, message: IncomingMessage, response: ServerResponse): Promise<void> {
  const [path = ''] = (message.url ?? '').split('?', 1);
  const found = findRoute(message.method ?? '', path);
  if (found === 'not_found') return answer(response, problem(404, 'not_found', `There is no ${path}.`));
  if ('allow' in found) {
    response.setHeader('allow', found.allow);
    return answer(response, problem(405, 'method_not_allowed', `${path} takes ${found.allow}.`));
  }
  const input = await readInput(message);
  if ('status' in input) return answer(response, input);
  await act(api, found.route, { message, response, body: input.body });
}

type Exchange = {
  readonly message: IncomingMessage;
  readonly response: ServerResponse;
  readonly body: ReadonlyMap<string, unknown>;
};

async function act(api: ControlApi, route: Route, exchange: Exchange): Promise<void> {
  const { response } = exchange;
  switch (route.kind) {
    case 'status':
      return answerOutcome(response, api.status());
    case 'events':
      return follow(api, response);
    case 'control':
      return answerOutcome(response, await api.control(route.word));
    case 'command':
      return command(api, route, exchange);
  }
}

function follow(api: ControlApi, response: ServerResponse): void {
  const stream = openEventStream(response);
  const unsubscribe = api.subscribe((event) => stream.send(event.kind, eventJson(event)));
  response.on('close', unsubscribe);
}

async function command(
  api: ControlApi,
  { command: name, input, needs }: Extract<Route, { kind: 'command' }>,
  { message, response, body }: Exchange,
): Promise<void> {
  const given = new Map<string, string>();
  for (const member of needs) {
    const value = body.get(member);
    if (typeof value !== 'string' || value === '')
      return answer(response, problem(400, 'bad_request', `The body needs the text "${member}".`));
    given.set(member, value);
  }
  const isFollowed = message.headers.accept?.includes('text/event-stream') === true;
  const stream = isFollowed ? openEventStream(response) : undefined;
  const unsubscribe = api.subscribe((event) => stream?.send(event.kind, eventJson(event)));
  const gone = new AbortController();
  response.on('close', () => gone.abort(new AbortedError()));
  try {
    const outcome = await api.perform(name, {
      ...input,
      ...Object.fromEntries(given),
      signal: gone.signal,
      onLine: (line) => stream?.send('line', JSON.stringify(line)),
    });
    if (stream === undefined) return answerOutcome(response, outcome);
    stream.send('outcome', JSON.stringify(outcome));
    stream.end();
  } finally {
    unsubscribe();
  }
}

function answerOutcome(response: ServerResponse, outcome: Outcome): void {
  answer(response, isError(outcome) ? problemOf(outcome) : { status: 200, body: outcome });
}

function answer(response: ServerResponse, { status, body }: Problem): void {
  if (response.headersSent || response.destroyed) return void response.destroy();
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': status < 400 ? 'application/json' : 'application/problem+json',
    'content-length': Buffer.byteLength(text),
    // The rest of a body that nobody wants is not read.
    ...(status === 413 ? { connection: 'close' } : {}),
  });
  response.end(`${text}`);
}
