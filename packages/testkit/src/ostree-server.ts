// A static folder over mutual TLS, as an OSTree repository is served: plain files and nothing else. It drops links, goes
// slowly and denies files where a test wants it to, and remembers what was asked.
import { once } from 'node:events';
import { createReadStream, statSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join, normalize } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export type ServerIdentity = {
  readonly certificate: string;
  readonly privateKey: string;
  /** Whose certificates clients have to show. */
  readonly ca: string;
};

export type StaticFault =
  | { readonly kind: 'status'; readonly status: number }
  /** Promises the whole file, sends so many bytes, closes the connection. */
  | { readonly kind: 'drop'; readonly afterBytes: number };

export type StaticServer = {
  readonly url: string;
  /** `GET /objects/…`, in the order they came. */
  readonly requests: string[];
  /** Names in the certificates that clients showed. */
  readonly clients: ReadonlySet<string>;
  /** Of all answers together. */
  readonly sentBytes: () => number;
  /** Asked before each answer. */
  faultOf: (path: string) => StaticFault | undefined;
  /** Of each answer; no limit when undefined. */
  bytesPerSecond: number | undefined;
  close(): Promise<void>;
};

const PIECE_BYTES = 16 * 1024;

export async function serveFolder(folder: string, identity: ServerIdentity): Promise<StaticServer> {
  const requests: string[] = [];
  const clients = new Set<string>();
  let sent = 0;
  const server = createServer(
    {
      cert: identity.certificate,
      key: identity.privateKey,
      ca: identity.ca,
      requestCert: true,
      rejectUnauthorized: true,
    },
    (message, response) => void answer(message, response),
  );
  async function answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = decodeURIComponent(new URL(message.url ?? '/', 'https://localhost').pathname);
    requests.push(`${message.method} ${path}`);
    const fault = handle.faultOf(path);
    const file = join(folder, normalize(path));
    const stat = statSync(file, { throwIfNoEntry: false });
    if (fault?.kind === 'status' || !stat?.isFile()) {
      response.writeHead(fault?.kind === 'status' ? fault.status : 404, { 'content-length': 0 }).end();
      return;
    }
    response.writeHead(200, { 'content-length': stat.size, 'content-type': 'application/octet-stream' });
    await send(response, file, {
      most: fault?.afterBytes ?? Infinity,
      bytesPerSecond: handle.bytesPerSecond,
      onSent: (bytes) => (sent += bytes),
    });
  }
  server.on('secureConnection', (socket) => {
    const name = socket.getPeerCertificate().subject?.CN;
    if (typeof name === 'string') clients.add(name);
  });
  server.listen(0, 'localhost');
  await once(server, 'listening');
  const handle: StaticServer = {
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    requests,
    clients,
    sentBytes: () => sent,
    faultOf: () => undefined,
    bytesPerSecond: undefined,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return handle;
}

type Sending = {
  readonly most: number;
  readonly bytesPerSecond: number | undefined;
  readonly onSent: (bytes: number) => void;
};

async function send(
  response: ServerResponse,
  file: string,
  { most, bytesPerSecond, onSent }: Sending,
): Promise<void> {
  let left = most;
  const highWaterMark = Math.min(PIECE_BYTES, bytesPerSecond ?? PIECE_BYTES);
  for await (const piece of createReadStream(file, { highWaterMark }) as AsyncIterable<Uint8Array>) {
    if (response.destroyed) return;
    const part = piece.subarray(0, left);
    left -= part.length;
    onSent(part.length);
    if (left === 0) {
      // Not before the part is on its way.
      response.write(part, () => response.destroy());
      return;
    }
    response.write(part);
    if (bytesPerSecond !== undefined) await sleep((part.length * 1000) / bytesPerSecond);
  }
  response.end();
}
