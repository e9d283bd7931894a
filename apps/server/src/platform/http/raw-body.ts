// Bodies as bytes, whatever content type they claim: signatures are over bytes, and the original's clients name several
// types for one thing.
import type { FastifyRequest } from 'fastify';
import type { App } from './app.ts';

/** From here on every body of this scope arrives as it was sent. */
export function acceptBytes(scope: App): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
}

/** Empty when the request has no body. */
export function bytesOf(request: FastifyRequest): Uint8Array {
  return request.body instanceof Uint8Array ? request.body : new Uint8Array();
}
