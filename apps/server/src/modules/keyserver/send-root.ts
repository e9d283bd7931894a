// A Root of one of the two repositories as the answer to a device; conditional, like all metadata.
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Context } from '../../platform/context.ts';
import { sendDocument } from '../../platform/http/conditional.ts';
import { serveRoot } from './root-chain.ts';
import type { RepositoryRef } from './store.ts';

type Asked = { readonly request: FastifyRequest; readonly reply: FastifyReply };

/** The newest, or the one of `version`. Throws RequestError `root_role_not_found`. */
export async function sendRoot(
  ctx: Context,
  { request, reply }: Asked,
  repository: RepositoryRef['repository'],
  version?: number,
): Promise<FastifyReply> {
  const { environment } = request.device;
  return sendDocument(request, reply, await serveRoot(ctx, { environment, repository }, version));
}
