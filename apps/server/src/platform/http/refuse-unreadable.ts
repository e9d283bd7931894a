// The answer to what is no HTTP, or does not arrive in time: there is no request yet, so it is written by hand, and the
// connection ends.
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Context } from '../context.ts';
import { problemOf, RequestError } from './problem.ts';

export function refuseUnreadable(
  ctx: Context,
  error: Error & { readonly code?: string },
  socket: Socket,
): void {
  const speaksHttp = /^(?:HPE_|ERR_HTTP_)/.test(error.code ?? '');
  // Before TLS is agreed on, an answer would wait for it for ever.
  if (!speaksHttp || !socket.writable) {
    socket.destroy();
    return;
  }
  socket.write(answerTo(ctx, error.code));
  socket.destroySoon();
}

function answerTo(ctx: Context, code: string | undefined): string {
  const problem = problemOf(refusalFor(code), ctx.log);
  const body = JSON.stringify(problem);
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}

function refusalFor(code: string | undefined): RequestError {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new RequestError('request_timeout', 'The request did not arrive in time.');
  }
  if (code === 'HPE_HEADER_OVERFLOW') {
    return new RequestError('headers_too_large', 'The header lines are longer than allowed.');
  }
  return new RequestError('invalid_request', 'This is not a request this server can read.');
}
