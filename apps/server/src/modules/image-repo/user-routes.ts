// Software in the user API: upload, list, look at.
import {
  PageQuerySchema,
  pageOf,
  SoftwareSchema,
  UploadSoftwareQuerySchema,
} from '@ota-connect/contract/user';
import type { Software } from '@ota-connect/contract/user';
import type { Readable } from 'node:stream';
import { isoSeconds } from '../../platform/clock.ts';
import type { Context } from '../../platform/context.ts';
import type { App } from '../../platform/http/app.ts';
import { pageLimit, toPage } from '../../platform/http/page.ts';
import { RequestError } from '../../platform/http/problem.ts';
import { findTarget, listTargets, type Target } from './store.ts';
import { uploadTarget } from './upload-target.ts';

export function userRoutes(app: App, ctx: Context): void {
  void app.register(async (scope: App) => uploadRoute(scope, ctx));

  const listSchema = { querystring: PageQuerySchema, response: { 200: pageOf(SoftwareSchema) } };
  app.get('/software', { schema: listSchema }, async (request) => {
    const limit = pageLimit(request.query);
    const page = { limit: limit + 1, after: request.query.cursor };
    const targets = await listTargets(ctx.db, request.user.environment, page);
    return toPage(targets, limit, { cursor: (target) => target.filename, value: describe });
  });

  app.get<{ Params: { '*': string } }>('/software/*', async (request) => {
    const filename = request.params['*'];
    const target = await findTarget(ctx.db, request.user.environment, filename);
    if (!target)
      throw new RequestError('missing_entity', `There is no software with the file name "${filename}".`);
    return describe(target);
  });
}

/** A scope of its own: here a body is a stream of whatever type, never parsed. */
function uploadRoute(app: App, ctx: Context): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, body, done) => done(null, body));
  app.put<{ Params: { '*': string }; Querystring: { name?: string; version?: string; hardwareIds: string } }>(
    '/software/*',
    { schema: { querystring: UploadSoftwareQuerySchema } },
    async (request, reply) => {
      const { name, version, hardwareIds } = request.query;
      const outcome = await uploadTarget(ctx, {
        environment: request.user.environment,
        filename: request.params['*'],
        name,
        version,
        hardwareIds: splitList(hardwareIds),
        lengthBytes: declaredLength(request.headers['content-length'], ctx.config.limits.softwareBytes),
        body: (request.body as Readable | undefined) ?? request.raw,
      });
      return reply.code(outcome.kind === 'created' ? 201 : 200).send(describe(outcome.target));
    },
  );
}

function splitList(text: string): readonly string[] {
  const items = text.split(',').map((item) => item.trim());
  return [...new Set(items.filter((item) => item !== ''))];
}

function declaredLength(header: string | undefined, limit: number): number {
  if (header === undefined)
    throw new RequestError('length_required', 'Send the file with its Content-Length.');
  const lengthBytes = Number(header);
  if (lengthBytes > limit)
    throw new RequestError('payload_too_large', `A file may have up to ${limit} bytes.`);
  return lengthBytes;
}

function describe(target: Target): Software {
  return {
    filename: target.filename,
    name: target.name,
    version: target.version,
    hardwareIds: [...target.hardwareIds],
    lengthBytes: target.lengthBytes,
    sha256: target.sha256,
    sha512: target.sha512,
    createdAt: isoSeconds(target.createdAt),
  };
}
