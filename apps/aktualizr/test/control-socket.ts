// A program of somebody else's on the control socket: plain HTTP, nothing of our client.
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';

export type Answer = {
  readonly status: number;
  readonly type: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
};

/** Waits for the socket to be there. */
export async function asking(
  socketPath: string,
  method: 'GET' | 'POST',
  path: string,
  body?: string,
): Promise<Answer> {
  const message = await send(socketPath, method, path, body);
  const chunks: Buffer[] = [];
  for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk);
  return {
    status: message.statusCode ?? 0,
    type: message.headers['content-type'],
    body: JSON.parse(Buffer.concat(chunks).toString('utf8')) as Record<string, unknown>,
  };
}

export type Listener = {
  /** Names of those that came. */
  readonly events: () => readonly string[];
  readonly text: () => string;
  close(): void;
};

export async function following(socketPath: string, path: string): Promise<Listener> {
  const message = await send(socketPath, 'GET', path);
  let text = '';
  message.on('data', (chunk: Buffer) => (text += chunk.toString()));
  message.on('error', () => undefined);
  return {
    events: () => [...text.matchAll(/^event: (\w+)$/gm)].map(([, name = '']) => name),
    text: () => text,
    close: () => void message.destroy(),
  };
}

async function send(
  socketPath: string,
  method: 'GET' | 'POST',
  path: string,
  body = '',
): Promise<IncomingMessage> {
  const headers = method === 'POST' ? { 'content-length': Buffer.byteLength(body) } : {};
  const outgoing = request({ socketPath, method, path: `/v1/${path}`, headers, agent: false });
  outgoing.end(body);
  const [message] = (await once(outgoing, 'response')) as [IncomingMessage];
  return message;
}
