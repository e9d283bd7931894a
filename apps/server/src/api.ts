// The user API: plain HTTP, a token on every route below /api/v3; /health beside it for whoever watches the server.
import { createServer } from 'node:http';
import { HealthSchema, USER_API } from '@ota-connect/contract/user';
import { findUser } from './modules/users/index.ts';
import type { Context } from './platform/context.ts';
import { flushToDisk } from './platform/db/durability.ts';
import { checkConnectionsMs, createApp, type App } from './platform/http/app.ts';
import { authenticateUser } from './platform/http/authenticate-user.ts';
import { VERSION } from './version.ts';
import { modules } from './wiring.ts';

const READING: readonly string[] = ['GET', 'HEAD', 'OPTIONS'];

export function createApi(ctx: Context): App {
  const options = { connectionsCheckingInterval: checkConnectionsMs(ctx.config) };
  // Uploads take as long as they take; a connection that moves nothing is closed all the same (limits.idleMs).
  const app = createApp(ctx, { requestMs: 0, serverFactory: (handler) => createServer(options, handler) });
  app.get(USER_API.health, { schema: { response: { 200: HealthSchema } } }, () => ({
    status: 'ok' as const,
    version: VERSION,
  }));
  void app.register(
    async (scope: App) => {
      scope.addHook('onRequest', authenticateUser(ctx, findUser));
      // What a person was told has happened outlives a power cut.
      scope.addHook('onSend', async (request, reply) => {
        if (reply.statusCode < 400 && !READING.includes(request.method)) await flushToDisk(ctx.db);
      });
      for (const module of modules) module.userRoutes?.(scope, ctx);
    },
    { prefix: USER_API.base },
  );
  return app;
}
