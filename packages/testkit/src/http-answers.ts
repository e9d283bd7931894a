// HTTP for simulators: an answer as plain data, made from a request as plain data, so that faults can be laid between
// the two; conditional requests and byte ranges as servers of the original do them.
import { sha256Hex } from '@ota-connect/uptane';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';

export type HttpRequest = {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query?: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Uint8Array;
};
export type HttpAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
};
/** undefined: not a path of this simulator. */
export type Answerer = (request: HttpRequest) => HttpAnswer | undefined | Promise<HttpAnswer | undefined>;

const NOTHING = new Uint8Array();

export function notFound(): HttpAnswer {
  const body = new TextEncoder().encode('{"code":"missing_entity","description":"not found"}');
  return { status: 404, headers: { 'content-type': 'application/json' }, body };
}

/** A file, whole, in part, or not at all when the client has it. */
export function fileAnswer(request: HttpRequest, file: Uint8Array, contentType: string): HttpAnswer {
  const etag = `"${sha256Hex(file)}"`;
  const headers = { etag, 'content-type': contentType, 'accept-ranges': 'bytes' };
  if (request.headers['if-none-match'] === etag) return { status: 304, headers: { etag }, body: NOTHING };
  const ifRange = request.headers['if-range'];
  const range =
    ifRange === undefined || ifRange === etag
      ? /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '')
      : null;
  if (range === null) return { status: 200, headers, body: file };
  const start = Number(range[1]);
  const end = range[2] === '' ? file.byteLength - 1 : Math.min(Number(range[2]), file.byteLength - 1);
  const contentRange = (text: string): Record<string, string> => ({
    ...headers,
    'content-range': `bytes ${text}/${file.byteLength}`,
  });
  if (start > end) return { status: 416, headers: contentRange('*'), body: NOTHING };
  return { status: 206, headers: contentRange(`${start}-${end}`), body: file.subarray(start, end + 1) };
}

export async function readRequest(message: IncomingMessage): Promise<HttpRequest> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of message) chunks.push(chunk as Uint8Array);
  const { pathname: path, searchParams: query } = new URL(message.url ?? '/', 'http://localhost');
  const { method = 'GET', headers } = message;
  return { method, path, query, headers, body: Buffer.concat(chunks) };
}

export function sendAnswer(response: ServerResponse, answer: HttpAnswer): void {
  response.writeHead(answer.status, { ...answer.headers, 'content-length': answer.body.byteLength });
  response.end(answer.body);
}
