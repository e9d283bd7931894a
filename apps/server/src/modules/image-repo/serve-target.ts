// The bytes of a target: whole or from where an earlier download broke off. Its ETag is its hash, so that a device
// continues only what is the same file. Source: client-protocol 3.5; Uptane Standard #metadata_filename_rules
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Context } from '../../platform/context.ts';
import { matches } from '../../platform/http/conditional.ts';
import { RequestError } from '../../platform/http/problem.ts';
import { parseRange } from './byte-range.ts';
import { findTarget, type Target } from './store.ts';

export async function serveTarget(
  ctx: Context,
  request: FastifyRequest,
  reply: FastifyReply,
  filename: string,
): Promise<FastifyReply> {
  const target = await targetAt(ctx, request.device.environment, filename);
  if (!target) throw new RequestError('missing_entity', `There is no target "${filename}".`);
  const { lengthBytes, blobKey } = target;
  const etag = `"${target.sha256}"`;
  void reply.header('etag', etag).header('accept-ranges', 'bytes').type('application/octet-stream');
  if (matches(request.headers['if-none-match'], etag)) return reply.code(304).send();
  const range = parseRange(rangeHeader(request, etag), lengthBytes);
  if (range.kind === 'unsatisfiable') {
    void reply.header('content-range', `bytes */${lengthBytes}`);
    throw new RequestError('range_not_satisfiable', `"${filename}" has ${lengthBytes} bytes.`);
  }
  const size = range.kind === 'whole' ? lengthBytes : range.last - range.first + 1;
  void reply.header('content-length', size);
  if (range.kind === 'part') {
    void reply.code(206).header('content-range', `bytes ${range.first}-${range.last}/${lengthBytes}`);
  }
  if (request.method === 'HEAD' || size === 0) return reply.send();
  return reply.send(ctx.blobs.read(blobKey, range.kind === 'part' ? range : undefined));
}

/**
 * Also as HASH.NAME, the hash before the last part of the name or before all of it. Originals ask for the plain name, so
 * an image that really is named like that comes first.
 */
async function targetAt(ctx: Context, environment: string, path: string): Promise<Target | undefined> {
  const plain = await findTarget(ctx.db, environment, path);
  const hashed = /^(|.*\/)([0-9a-f]{64}|[0-9a-f]{128})\.(.+)$/i.exec(path);
  if (plain || !hashed) return plain;
  const [, folder = '', hash = '', name = ''] = hashed;
  const target = await findTarget(ctx.db, environment, folder + name);
  return target && [target.sha256, target.sha512].includes(hash.toLowerCase()) ? target : undefined;
}

/** With an If-Range that names another version the range does not count. */
function rangeHeader(request: FastifyRequest, etag: string): string | undefined {
  const ifRange = request.headers['if-range'];
  return ifRange === undefined || ifRange === etag ? request.headers.range : undefined;
}
