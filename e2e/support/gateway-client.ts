// A foreign device as the gateway sees it: Node's own TLS with the PKCS#12 files that the server hands out,
// no line of our client.
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { unzipSync } from 'fflate';

export type Answer = {
  readonly status: number;
  readonly body: Buffer;
  readonly headers: NodeJS.Dict<string | string[]>;
};

export type GatewayClient = {
  readonly send: (
    method: string,
    path: string,
    body?: string | Uint8Array,
    contentType?: string,
  ) => Promise<Answer>;
  readonly close: () => void;
};

export function gatewayClient(
  gatewayUrl: string,
  identity: { pfx: Uint8Array; ca: string | Buffer },
): GatewayClient {
  const agent = new Agent({
    keepAlive: true,
    maxSockets: 1,
    pfx: Buffer.from(identity.pfx),
    passphrase: '',
    ca: identity.ca,
  });
  return {
    send: (method, path, body, contentType = 'application/json') =>
      new Promise((resolve, reject) => {
        const headers: Record<string, string | number> = {};
        if (body !== undefined) {
          headers['content-type'] = contentType;
          headers['content-length'] = Buffer.byteLength(body);
        }
        const outgoing = request(new URL(path, gatewayUrl), { method, headers, agent }, (incoming) => {
          const chunks: Buffer[] = [];
          incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
          incoming.on('end', () =>
            resolve({
              status: incoming.statusCode ?? 0,
              body: Buffer.concat(chunks),
              headers: incoming.headers,
            }),
          );
          incoming.on('error', reject);
        });
        outgoing.on('error', reject);
        outgoing.end(body);
      }),
    close: () => agent.destroy(),
  };
}

/** Reads credentials.zip as any program would. */
export function readCredentials(file: string): {
  readonly gatewayUrl: string;
  readonly pfx: Uint8Array;
  readonly ca: Buffer;
} {
  const members = unzipSync(readFileSync(file));
  const member = (name: string): Uint8Array => {
    const bytes = members[name];
    if (bytes === undefined) throw new Error(`credentials.zip has no ${name}`);
    return bytes;
  };
  return {
    gatewayUrl: Buffer.from(member('autoprov.url')).toString().trim(),
    pfx: member('autoprov_credentials.p12'),
    ca: Buffer.from(member('server_ca.pem')),
  };
}
