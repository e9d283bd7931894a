// What a device sends to the registry. Source: client-protocol 3.8, 3.9; server-protocol 8.2, 8.7
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DEVICE_PATHS } from '@ota-connect/contract/device';
import type { Context } from '../../platform/context.ts';
import type { App } from '../../platform/http/app.ts';
import { acceptBytes, bytesOf } from '../../platform/http/raw-body.ts';
import { flushSeen, markSeen } from './last-seen.ts';
import { receiveEvents } from './receive-events.ts';
import { readJsonBody, receiveReport } from './receive-system-info.ts';
import type { ReportKind } from './report-store.ts';

/** A longer batch is answered 413, and the client sends half of it next. */
const MAX_EVENTS_BYTES = 1024 * 1024;
const MAX_CONFIG_BYTES = 256 * 1024;

/** Its hook covers the routes of the modules behind it in wiring.ts too: with a poll, a device was in contact. */
export function deviceRoutes(app: App, ctx: Context): void {
  app.addHook('onRequest', async ({ device }) => markSeen(ctx, device.environment, device.uuid));
  app.addHook('onClose', () => flushSeen(ctx));
  void app.register(async (scope) => {
    acceptBytes(scope);
    scope.post(DEVICE_PATHS.events, { bodyLimit: MAX_EVENTS_BYTES }, async (request, reply) => {
      await receiveEvents(ctx, request.device, readJsonBody(bytesOf(request)));
      return reply.code(204).send();
    });
    const report = (kind: ReportKind) => async (request: FastifyRequest, reply: FastifyReply) => {
      await receiveReport(ctx, request.device, { kind, body: bytesOf(request) });
      return reply.code(204).send();
    };
    const write = ['PUT', 'POST'];
    scope.route({ method: write, url: DEVICE_PATHS.systemInfo, handler: report('system_info') });
    scope.route({ method: write, url: DEVICE_PATHS.networkInfo, handler: report('network') });
    scope.route({ method: write, url: DEVICE_PATHS.installedPackages, handler: report('packages') });
    scope.route({
      method: write,
      url: DEVICE_PATHS.configuration,
      bodyLimit: MAX_CONFIG_BYTES,
      handler: report('config'),
    });
  });
}
