// Fastify as both listeners use it: problem documents for every failure, strict schemas, no request log (a fleet
// polls; what matters is counted elsewhere).
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { fastify, LogController } from 'fastify';
import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  FastifyServerFactory,
} from 'fastify';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { Config } from '../../config.ts';
import type { Context } from '../context.ts';
import { problemOf, RequestError } from './problem.ts';
import { refuseUnreadable } from './refuse-unreadable.ts';

export type App = FastifyInstance<
  Server,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** How often listeners look for connections whose time is up (headersTimeout, requestTimeout). */
export function checkConnectionsMs({ limits }: Config): number {
  return Math.min(5_000, limits.headersMs);
}

/** `serverFactory` decides plain or TLS; `requestMs` bounds how long a request may take to arrive, 0 for uploads. */
export function createApp(
  ctx: Context,
  options: { readonly serverFactory: FastifyServerFactory<Server>; readonly requestMs: number },
): App {
  const { limits } = ctx.config;
  const withTimeouts = (server: Server): Server => {
    server.requestTimeout = options.requestMs;
    server.headersTimeout = limits.headersMs;
    server.maxConnections = limits.maxConnections;
    server.keepAliveTimeout = limits.keepAliveMs;
    return server.setTimeout(limits.idleMs);
  };
  const app = fastify<Server>({
    serverFactory: (handler, given) => withTimeouts(options.serverFactory(handler, given)),
    loggerInstance: ctx.log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: limits.bodyBytes,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 1024 },
    frameworkErrors: (error, _request, reply) => void sendProblem(ctx, reply, error),
    clientErrorHandler: (error, socket) => refuseUnreadable(ctx, error, socket),
    // Query values are text: they become numbers by schema. Unknown body fields are left alone: additions are safe.
    ajv: {
      customOptions: { removeAdditional: false, coerceTypes: true, useDefaults: true, allErrors: false },
    },
  }).withTypeProvider<TypeBoxTypeProvider>();
  app.setErrorHandler((error, _request, reply) => sendProblem(ctx, reply, error));
  app.addHook('onRequest', async (request, reply) => {
    if (leavesBodyUnread(request)) void reply.header('connection', 'close');
    if (request.is404) throw notFound(request);
  });
  app.setNotFoundHandler((request) => {
    throw notFound(request);
  });
  return app;
}

function sendProblem(ctx: Context, reply: FastifyReply, error: unknown): FastifyReply {
  const problem = problemOf(error, ctx.log);
  return reply.code(problem.status).type('application/problem+json').send(problem);
}

/** A body that nobody will read must not keep its connection. */
function leavesBodyUnread({ headers, is404, method }: FastifyRequest): boolean {
  const length = headers['content-length'];
  const hasBody = headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
  return hasBody && (is404 || method === 'GET' || method === 'HEAD');
}

function notFound(request: FastifyRequest): RequestError {
  const place = `${request.method} ${request.url.split('?')[0]}`;
  return new RequestError('not_found', `There is nothing at ${place}.`);
}

/** Requests under way may end; what then still runs, a download over a slow link, is cut: the device resumes it. */
export async function closeApp(app: App, graceMs: number): Promise<void> {
  const cut = setTimeout(() => app.server.closeAllConnections(), graceMs);
  await app.close();
  clearTimeout(cut);
}
