// Fastify as both listeners use it: problem documents for every failure, strict schemas, no request log (a fleet
// polls; what matters is counted elsewhere).
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { fastify, LogController } from 'fastify';
import type { FastifyBaseLogger, FastifyInstance, FastifyServerFactory } from 'fastify';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { Context } from '../context.ts';
import { problemOf, RequestError } from './problem.ts';

export type App = FastifyInstance<
  Server,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** `serverFactory` decides plain or TLS; `requestMs` bounds how long a request may take to arrive, 0 for uploads. */
export function createApp(
  ctx: Context,
  options: { readonly serverFactory: FastifyServerFactory<Server>; readonly requestMs: number },
): App {
  const { limits } = ctx.config;
  const withTimeouts = (server: Server): Server => {
    server.requestTimeout = options.requestMs;
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
    // Query values are text: they become numbers by schema. Unknown body fields are left alone: additions are safe.
    ajv: {
      customOptions: { removeAdditional: false, coerceTypes: true, useDefaults: true, allErrors: false },
    },
  }).withTypeProvider<TypeBoxTypeProvider>();
  app.setErrorHandler((error, _request, reply) => {
    const problem = problemOf(error, ctx.log);
    return reply.code(problem.status).type('application/problem+json').send(problem);
  });
  app.setNotFoundHandler((request) => {
    throw new RequestError(
      'not_found',
      `There is nothing at ${request.method} ${request.url.split('?')[0]}.`,
    );
  });
  return app;
}

/** Requests under way may end; what then still runs, a download over a slow link, is cut: the device resumes it. */
export async function closeApp(app: App, graceMs: number): Promise<void> {
  const cut = setTimeout(() => app.server.closeAllConnections(), graceMs);
  await app.close();
  clearTimeout(cut);
}
