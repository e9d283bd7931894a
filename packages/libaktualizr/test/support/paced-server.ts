// A server of one image that counts what it hands to the network, at a pace like that of a link, so that what lies in
// buffers when a client is killed is what would lie there in the field.
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TlsCredentials } from '../../src/ports.ts';
import { issue } from './certificates.ts';

export type Answered = { readonly start: number; sentBytes: number };

export type PacedServer = {
  readonly url: string;
  readonly credentials: TlsCredentials;
  /** Every answer so far. */
  readonly answers: readonly Answered[];
  /** Called after each piece. */
  onSent: (answer: Answered) => void;
  close(): Promise<void>;
};

const PIECE_BYTES = 16 * 1024;

/** `bytesPerSecond` 0: as fast as it goes. */
export async function openPacedServer(image: Buffer, bytesPerSecond: number): Promise<PacedServer> {
  const authority = await issue({ commonName: 'test authority', isAuthority: true });
  const identity = await issue({ commonName: 'localhost' }, authority);
  const device = await issue({ commonName: 'device-1' }, authority);
  const answers: Answered[] = [];
  const send = async (response: ServerResponse, answer: Answered): Promise<void> => {
    const startedMs = performance.now();
    let goOn = (): void => undefined;
    response.on('drain', () => goOn()).on('close', () => goOn());
    for (let at = answer.start; at < image.length; at += PIECE_BYTES) {
      const piece = image.subarray(at, at + PIECE_BYTES);
      const hasRoom = response.write(piece);
      answer.sentBytes += piece.length;
      server.onSent(answer);
      if (!hasRoom && !response.destroyed) await new Promise<void>((resolve) => (goOn = resolve));
      if (response.destroyed) return;
      const dueMs = bytesPerSecond === 0 ? 0 : (answer.sentBytes * 1000) / bytesPerSecond;
      const aheadMs = startedMs + dueMs - performance.now();
      if (aheadMs > 1) await sleep(aheadMs);
    }
    response.end();
  };
  const listener = createServer(
    { cert: identity.certificate, key: identity.privateKey, ca: authority.certificate, requestCert: true },
    (message, response) => {
      const start = Number(/^bytes=(\d+)-$/.exec(message.headers.range ?? '')?.[1] ?? 0);
      const answer = { start, sentBytes: 0 };
      answers.push(answer);
      response.writeHead(start === 0 ? 200 : 206, {
        'content-length': image.length - start,
        ...(start === 0 ? {} : { 'content-range': `bytes ${start}-${image.length - 1}/${image.length}` }),
      });
      void send(response, answer);
    },
  );
  listener.listen(0, 'localhost');
  await once(listener, 'listening');
  const server: PacedServer = {
    url: `https://localhost:${(listener.address() as AddressInfo).port}/image`,
    credentials: { ca: authority.certificate, ...device },
    answers,
    onSent: () => undefined,
    async close() {
      listener.closeAllConnections();
      listener.close();
      await once(listener, 'close');
    },
  };
  return server;
}
