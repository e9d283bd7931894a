// Shared credentials: made, handed out once, listed by when they end.
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
import { listCredentials, type CredentialsRow } from './store.ts';

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
}

function describe(row: CredentialsRow): Credentials {
  return {
    id: row.id,
    ...(row.description === '' ? {} : { description: row.description }),
    createdAt: isoSeconds(row.created_at),
    expiresAt: isoSeconds(row.expires_at),
  };
}
