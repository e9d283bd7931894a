// The network settings of the device for a pull that libostree makes: a proxy on the loopback interface that lets through to
// one server only, as slowly as all transfers together may be, and through the proxy that is configured. TLS goes from end
// to end. Without such settings there is none, and libostree asks the server itself. client-features W-13, ATG-01, ATG-02.
import type { Server, Socket } from 'node:net';
import { TransportError } from '../../errors.ts';
import { describeFailure } from '../http/describe-failure.ts';
import { proxyFor, openTunnel, type Proxy, type ProxySettings } from '../http/proxy.ts';
import type { RateLimit } from '../http/rate-limit.ts';

export type NetworkSettings = {
  readonly proxy: ProxySettings;
  readonly rate: Pick<RateLimit, 'bytesPerSecond' | 'take' | 'wait'>;
};

const HTTPS_PORT = 443;
const TIMEOUT_MS = 60_000;
const MAX_HEAD_BYTES = 16 * 1024;
const USER_AGENT = 'Aktualizr';

type Way = {
  readonly host: string;
  readonly port: number;
  /** As it stands in the address. */
  readonly authority: string;
  readonly proxy: Proxy | undefined;
};

/** `work` gets the address of the proxy, where one is needed. @throws ConfigError for a proxy that cannot be used */
export async function withTunnel<T>(
  { proxy, rate }: NetworkSettings,
  address: string,
  work: (proxy: string | undefined) => Promise<T>,
): Promise<T> {
  const url = new URL(address);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const through = await proxyFor(url.hostname, proxy, process.env);
  if (through === undefined && rate.bytesPerSecond === 0) return work(undefined);
  const way = { host, port: Number(url.port || HTTPS_PORT), authority: url.host, proxy: through };
  const sockets = new Set<Socket>();
  let failure: unknown;
  const server = await listen((client) => {
    sockets.add(client);
    serve(client, way, rate).then(
      (upstream) => upstream !== undefined && sockets.add(upstream),
      (error: unknown) => {
        failure = error;
        client.end('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n');
      },
    );
  });
  try {
    const place = server.address();
    const port = typeof place === 'object' && place !== null ? place.port : 0;
    return await work(`http://127.0.0.1:${port}`);
  } catch (error) {
    // libcurl knows no more than that there is no way.
    throw error instanceof TransportError && failure !== undefined ? failure : error;
  } finally {
    server.close();
    for (const socket of sockets) socket.destroy();
  }
}

async function listen(onClient: (client: Socket) => void): Promise<Server> {
  const { createServer } = await import('node:net');
  const server = createServer(onClient);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return server;
}

async function serve(client: Socket, way: Way, rate: NetworkSettings['rate']): Promise<Socket | undefined> {
  client.on('error', () => client.destroy());
  const asked = await readRequest(client);
  if (asked !== `${way.host}:${way.port}` && asked !== `[${way.host}]:${way.port}`) {
    client.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n');
    return undefined;
  }
  const upstream = await connectTo(way);
  const end = () => {
    client.destroy();
    upstream.destroy();
  };
  client.on('close', end);
  upstream.on('error', end).on('close', () => client.end());
  client.write('HTTP/1.1 200 Connection established\r\n\r\n');
  client.pipe(upstream);
  passOn(upstream, client, rate);
  return upstream;
}

async function connectTo({ host, port, proxy, authority }: Way): Promise<Socket> {
  if (proxy !== undefined)
    return openTunnel({ proxy, host, port, userAgent: USER_AGENT, timeoutMs: TIMEOUT_MS });
  const { connect } = await import('node:net');
  return new Promise((resolve, reject) => {
    const socket = connect(port, host);
    const refuse = (error: Error) => reject(describeFailure(error, new URL(`https://${authority}`)));
    socket.once('connect', () => resolve(socket)).once('error', refuse);
  });
}

/** No faster than the client takes it, and than the limit allows. */
function passOn(from: Socket, to: Socket, rate: NetworkSettings['rate']): void {
  from.on('data', (piece: Buffer) => {
    const isTaken = to.write(piece);
    const waitMs = rate.take(piece.length);
    if (isTaken && waitMs === 0) return;
    from.pause();
    void Promise.all([isTaken ? undefined : drained(to), paid(rate, waitMs)]).then(() => from.resume());
  });
  from.resume();
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => void socket.once('drain', resolve).once('close', resolve));
}

function paid(rate: NetworkSettings['rate'], ms: number): Promise<void> {
  return new Promise((resolve) => {
    if (ms === 0) resolve();
    else rate.wait(ms, resolve);
  });
}

/** `HOST:PORT` of a CONNECT; undefined for anything else. */
function readRequest(client: Socket): Promise<string | undefined> {
  return new Promise((resolve) => {
    let head = '';
    const take = (piece: Buffer) => {
      head += piece.toString('latin1');
      if (!head.includes('\r\n\r\n') && head.length < MAX_HEAD_BYTES) return;
      client.off('data', take);
      client.pause();
      resolve(/^CONNECT (\S+) HTTP\/1\.[01]\r\n/.exec(head)?.[1]);
    };
    client.on('data', take).once('close', () => resolve(undefined));
  });
}
