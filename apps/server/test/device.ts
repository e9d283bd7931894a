// A device as the gateway sees one: Node's TLS with PKCS#12 as the server hands it out, no line of our client.
import { Agent, request, type AgentOptions } from 'node:https';
import { Readable } from 'node:stream';
import { unzipSync } from 'fflate';
import type { ScratchServer } from './app.ts';

export type Answer = {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: Buffer;
  json(): Record<string, unknown>;
};

export type TestDevice = {
  send(
    method: string,
    path: string,
    options?: {
      body?: unknown;
      /** A body in parts, instead of `body`. */
      slowly?: AsyncIterable<string>;
      headers?: Record<string, string>;
      onHead?: () => void;
    },
  ): Promise<Answer>;
  close(): void;
};

export type Credentials = {
  readonly id: string;
  readonly members: Readonly<Record<string, Uint8Array>>;
  readonly ca: string;
};

/** `POST /provisioning/credentials`, unpacked. */
export async function createCredentials(server: ScratchServer, validDays?: number): Promise<Credentials> {
  const answer = await server.api(
    'POST',
    '/provisioning/credentials',
    validDays === undefined ? {} : { validDays },
  );
  if (answer.status !== 201)
    throw new Error(`credentials were answered ${answer.status}: ${await answer.text()}`);
  const members = unzipSync(new Uint8Array(await answer.arrayBuffer()));
  const ca = Buffer.from(members['server_ca.pem'] ?? []).toString();
  return { id: answer.headers.get('x-credentials-id') ?? '', members, ca };
}

/** A connection with the given TLS identity. */
export function connect(gatewayUrl: string, identity: AgentOptions): TestDevice {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ...identity });
  return {
    send: (method, path, options = {}) =>
      new Promise((resolve, reject) => {
        const headers: Record<string, string> = { ...options.headers };
        // Bytes go out as they are.
        const isRaw = options.body === undefined || options.body instanceof Uint8Array;
        const body = isRaw ? options.body : JSON.stringify(options.body);
        if (!isRaw) headers['content-type'] = 'application/json';
        const outgoing = request(new URL(path, gatewayUrl), { method, headers, agent }, (incoming) => {
          options.onHead?.();
          const chunks: Buffer[] = [];
          incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
          incoming.on('error', reject);
          incoming.on('end', () => {
            const bytes = Buffer.concat(chunks);
            resolve({
              status: incoming.statusCode ?? 0,
              headers: incoming.headers,
              body: bytes,
              json: () => JSON.parse(bytes.toString()) as Record<string, unknown>,
            });
          });
        });
        outgoing.on('error', reject);
        if (options.slowly === undefined) outgoing.end(body);
        else Readable.from(options.slowly).pipe(outgoing);
      }),
    close: () => agent.destroy(),
  };
}

export function connectWithCredentials(server: ScratchServer, credentials: Credentials): TestDevice {
  const pfx = Buffer.from(credentials.members['autoprov_credentials.p12'] ?? []);
  return connect(server.gatewayUrl, { pfx, passphrase: '', ca: credentials.ca });
}

/** A device with an identity of its own. */
export async function provisionDevice(server: ScratchServer, deviceId: string): Promise<TestDevice> {
  const credentials = await createCredentials(server);
  const shared = connectWithCredentials(server, credentials);
  const answer = await shared.send('POST', '/devices', { body: { deviceId, ttl: '36000' } });
  shared.close();
  if (answer.status !== 200)
    throw new Error(`provisioning was answered ${answer.status}: ${answer.body.toString()}`);
  return connect(server.gatewayUrl, { pfx: answer.body, passphrase: '', ca: credentials.ca });
}
