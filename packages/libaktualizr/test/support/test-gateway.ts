// A device gateway on loopback with mutual TLS: records what a device sends, answers 200, serves the repositories of a
// simulator, and fails where a test wants it to.
import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  faultyListener,
  RepositorySimulator,
  type HttpAnswer,
  type HttpFault,
  type HttpRequest,
} from '@ota-connect/testkit';
import type { TlsCredentials } from '../../src/ports.ts';
import { issue, type Issued } from './certificates.ts';

export type Recorded = {
  readonly method: string;
  readonly path: string;
  readonly headers: HttpRequest['headers'];
  readonly text: string;
  /** When it had arrived, in seconds since the epoch. */
  readonly atSeconds: number;
};

export type TestGateway = {
  readonly url: string;
  readonly credentials: TlsCredentials;
  readonly authority: Issued;
  readonly simulator: RepositorySimulator;
  readonly requests: Recorded[];
  /** Number of TLS connections so far. */
  readonly connections: () => number;
  /** How many of them took up an earlier TLS session. */
  readonly resumed: () => number;
  /** Asked before each answer. */
  faultOf: (request: HttpRequest) => HttpFault | undefined;
  answerOf: (request: HttpRequest) => HttpAnswer | undefined;
  /** Whether the answer to this path comes at one byte a second. */
  drips: (path: string) => boolean;
  campaigns: unknown;
  close(): Promise<void>;
};

export async function openTestGateway(serverDays = 2): Promise<TestGateway> {
  const authority = await issue({ commonName: 'test authority', isAuthority: true });
  const identity = await issue({ commonName: 'localhost', days: serverDays }, authority);
  const device = await issue({ commonName: 'device-1' }, authority);
  const simulator = await RepositorySimulator.create({ now: nowInstant(), directorFullRoles: false });
  const requests: Recorded[] = [];
  let connections = 0;
  let resumed = 0;
  const answer = async (request: HttpRequest): Promise<HttpAnswer> => {
    const { method, path, headers, body } = request;
    const text = Buffer.from(body).toString('utf8');
    requests.push({ method, path, headers, text, atSeconds: Date.now() / 1000 });
    if (path === '/campaigner/campaigns') return json(gateway.campaigns);
    return (
      gateway.answerOf(request) ??
      (await simulator.answerTime(request)) ??
      simulator.answer(request) ??
      json({})
    );
  };
  const server: Server = createServer(
    {
      cert: identity.certificate,
      key: identity.privateKey,
      ca: authority.certificate,
      requestCert: true,
      rejectUnauthorized: true,
    },
    (message, response) => {
      if (gateway.drips(message.url ?? '')) drip(response);
      else void faultyListener(answer, (request) => gateway.faultOf(request))(message, response);
    },
  );
  server.on('secureConnection', (socket) => {
    connections += 1;
    if (socket.isSessionReused()) resumed += 1;
  });
  server.listen(0, 'localhost');
  await once(server, 'listening');
  const gateway: TestGateway = {
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    credentials: {
      ca: authority.certificate,
      certificate: device.certificate,
      privateKey: device.privateKey,
    },
    authority,
    simulator,
    requests,
    connections: () => connections,
    resumed: () => resumed,
    faultOf: () => undefined,
    answerOf: () => undefined,
    drips: () => false,
    campaigns: { campaigns: [] },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return gateway;
}

function drip(response: ServerResponse): void {
  response.writeHead(200, { 'content-length': 12 });
  const timer = setInterval(() => response.write(' '), 1000);
  response.on('close', () => clearInterval(timer));
}

function json(value: unknown): HttpAnswer {
  return {
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify(value)),
  };
}

function nowInstant() {
  return Math.floor(Date.now() / 1000) as RepositorySimulator['now'];
}
