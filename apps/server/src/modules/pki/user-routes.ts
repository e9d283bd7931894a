// Shared credentials: made, handed out once, listed, revoked; and the end of a device's identity, with the device.
import { Type } from 'typebox';
import {
  CREDENTIALS_ID_HEADER,
  CreateCredentialsSchema,
  CredentialsSchema,
} from '@ota-connect/contract/user';
import { PageQuerySchema, pageOf, type Credentials } from '@ota-connect/contract/user';
import { isoSeconds } from '../../platform/clock.ts';
import type { Context } from '../../platform/context.ts';
import type { App } from '../../platform/http/app.ts';
import { pageLimit, toPage } from '../../platform/http/page.ts';
import { createCredentials } from './create-credentials.ts';
import { deleteDevice } from './delete-device.ts';
import { revokeCredentials } from './revoke-credentials.ts';
import { listCredentials, type CredentialsRow } from './store.ts';

const Params = Type.Object({ id: Type.String() });

export function userRoutes(app: App, ctx: Context): void {
  app.post(
    '/provisioning/credentials',
    { schema: { body: CreateCredentialsSchema } },
    async (request, reply) => {
      const { id, archive } = await createCredentials(ctx, request.user.environment, request.body);
      return reply
        .code(201)
        .type('application/zip')
        .header(CREDENTIALS_ID_HEADER, id)
        .header('content-disposition', 'attachment; filename="credentials.zip"')
        .header('cache-control', 'no-store')
        .send(archive);
    },
  );
  const listSchema = { querystring: PageQuerySchema, response: { 200: pageOf(CredentialsSchema) } };
  app.get('/provisioning/credentials', { schema: listSchema }, async (request) => {
    const limit = pageLimit(request.query);
    const rows = await listCredentials(ctx.db, request.user.environment, {
      limit: limit + 1,
      before: request.query.cursor,
    });
    return toPage(rows, limit, { cursor: (row) => row.id, value: describe });
  });
  removalRoutes(app, ctx);
}

function removalRoutes(app: App, ctx: Context): void {
  app.delete('/provisioning/credentials/:id', { schema: { params: Params } }, async (request, reply) => {
    await revokeCredentials(ctx, request.user.environment, request.params.id);
    return reply.code(204).send();
  });
  // Here, where its identity was issued: the device registry knows devices, not their certificates.
  app.delete('/devices/:id', { schema: { params: Params } }, async (request, reply) => {
    await deleteDevice(ctx, request.user.environment, request.params.id);
    return reply.code(204).send();
  });
}

function describe(row: CredentialsRow): Credentials {
  return {
    id: row.id,
    ...(row.description === '' ? {} : { description: row.description }),
    createdAt: isoSeconds(row.created_at),
    expiresAt: isoSeconds(row.expires_at),
    ...(row.revoked_at === null ? {} : { revokedAt: isoSeconds(row.revoked_at) }),
  };
}
