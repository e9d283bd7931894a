// The Image repository as devices see it, under the plain names that originals ask for and under VERSION.NAME and
// HASH.NAME. Source: server-protocol 2.2, 5.1; client-protocol 3.4, 3.5; Uptane Standard #metadata_filename_rules
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DEVICE_PATHS } from '@ota-connect/contract/device';
import type { Context } from '../../platform/context.ts';
import type { App } from '../../platform/http/app.ts';
import { sendDocument } from '../../platform/http/conditional.ts';
import { RequestError } from '../../platform/http/problem.ts';
import { VERSION, type Versioned } from '../../platform/http/versioned-name.ts';
import { sendRoot } from '../keyserver/index.ts';
import { freshRole } from './fresh-roles.ts';
import { serveTarget } from './serve-target.ts';
import type { PublishedRole } from './store.ts';

const ROLES: readonly PublishedRole[] = ['targets', 'snapshot', 'timestamp'];
type Asked = { readonly request: FastifyRequest; readonly reply: FastifyReply };

export function deviceRoutes(app: App, ctx: Context): void {
  app.get<Versioned>(`${DEVICE_PATHS.repo}/${VERSION}.root.json`, (request, reply) =>
    sendRoot(ctx, { request, reply }, 'image', Number(request.params.version)),
  );
  app.get(`${DEVICE_PATHS.repo}/root.json`, (request, reply) => sendRoot(ctx, { request, reply }, 'image'));
  const sendRole = async ({ request, reply }: Asked, role: PublishedRole, version?: number) => {
    const row = await freshRole(ctx, request.device.environment, role);
    if (row && row.version === (version ?? row.version)) {
      return sendDocument(request, reply, row.document, row.sha256);
    }
    throw new RequestError('missing_entity', `There is no ${role}.json of this version.`);
  };
  for (const role of ROLES) {
    app.get(`${DEVICE_PATHS.repo}/${role}.json`, (request, reply) => sendRole({ request, reply }, role));
    app.get<Versioned>(`${DEVICE_PATHS.repo}/${VERSION}.${role}.json`, (request, reply) =>
      sendRole({ request, reply }, role, Number(request.params.version)),
    );
  }
  app.route<{ Params: { '*': string } }>({
    method: ['GET', 'HEAD'],
    url: `${DEVICE_PATHS.targets}/*`,
    exposeHeadRoute: false,
    handler: (request, reply) => serveTarget(ctx, request, reply, request.params['*']),
  });
}
