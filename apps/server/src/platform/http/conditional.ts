// Conditional answers: a strong ETag over the exact bytes, so that a poll with nothing new costs no body.
// Source: RFC 9110 sections 8.8.3, 13.1.2
import type { FastifyReply, FastifyRequest } from 'fastify';
import { sha256Hex } from '@ota-connect/uptane';

/** Signed metadata as it is stored: 200 with the bytes, or 304 when the device has them. `sha256` saves hashing again. */
export function sendDocument(
  request: FastifyRequest,
  reply: FastifyReply,
  document: Uint8Array,
  sha256: string = sha256Hex(document),
): FastifyReply {
  const etag = `"${sha256}"`;
  void reply.header('etag', etag).header('cache-control', 'no-cache');
  if (matches(request.headers['if-none-match'], etag)) return reply.code(304).send();
  return reply
    .type('application/json')
    .send(Buffer.from(document.buffer, document.byteOffset, document.byteLength));
}

/** Weak comparison, as If-None-Match asks. */
export function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((candidate) => {
    const tag = candidate.trim().replace(/^W\//, '');
    return tag === etag || tag === '*';
  });
}
