// The Image repository as devices see it. Source: server-protocol 2.2, 5.1; client-protocol 3.4, 3.5
import { DEVICE_PATHS } from '@ota-connect/contract/device';
import type { Context } from '../../platform/context.ts';
import type { App } from '../../platform/http/app.ts';
import { sendDocument } from '../../platform/http/conditional.ts';
import { RequestError } from '../../platform/http/problem.ts';
import { sendRoot } from '../keyserver/index.ts';
import { freshRole } from './fresh-roles.ts';
import { serveTarget } from './serve-target.ts';
import type { PublishedRole } from './store.ts';

const ROLES: readonly PublishedRole[] = ['targets', 'snapshot', 'timestamp'];

export function deviceRoutes(app: App, ctx: Context): void {
  app.get<{ Params: { version: string } }>(
    `${DEVICE_PATHS.repo}/:version(^\\d{1,9}).root.json`,
    (request, reply) => sendRoot(ctx, { request, reply }, 'image', Number(request.params.version)),
  );
  app.get(`${DEVICE_PATHS.repo}/root.json`, (request, reply) => sendRoot(ctx, { request, reply }, 'image'));
  for (const role of ROLES) {
    app.get(`${DEVICE_PATHS.repo}/${role}.json`, async (request, reply) => {
      const row = await freshRole(ctx, request.device.environment, role);
      if (!row) throw new RequestError('missing_entity', `There is no ${role}.json.`);
      return sendDocument(request, reply, row.document, row.sha256);
    });
  }
  app.route<{ Params: { '*': string } }>({
    method: ['GET', 'HEAD'],
    url: `${DEVICE_PATHS.targets}/*`,
    exposeHeadRoute: false,
    handler: (request, reply) => serveTarget(ctx, request, reply, request.params['*']),
  });
}
