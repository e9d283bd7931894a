// Which proxy a host is asked through: the configured one, else the one of the environment, as libcurl reads them
// (https_proxy, HTTPS_PROXY, all_proxy, ALL_PROXY; no_proxy, NO_PROXY), and the tunnel through it: TLS goes from end to end,
// so that the proxy sees a host name and no more. client-features ATG-01, ATG-04, SYS-03.
import type { Socket } from 'node:net';
import { ConfigError, TransportError } from '../../errors.ts';

export type ProxySettings = {
  /** network.curl_proxy: `http://[USER:PASSWORD@]HOST[:PORT]`; empty: the environment's. */
  readonly url: string;
  readonly user?: string;
  readonly password?: string;
  /** network.no_proxy; empty: the environment's. */
  readonly noProxy: string;
};

export type Environment = Readonly<Record<string, string | undefined>>;

/** `name` holds no secret. */
export type Proxy = {
  readonly host: string;
  readonly port: number;
  readonly name: string;
  readonly authorization: string | undefined;
};

/** libcurl's. */
const DEFAULT_PORT = 1080;
const OF_ENVIRONMENT = ['https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'];
const MAX_HEAD_BYTES = 16 * 1024;
const END_OF_HEAD = '\r\n\r\n';

/** @throws ConfigError for a proxy that this client cannot use */
export async function proxyFor(
  hostname: string,
  settings: ProxySettings,
  environment: Environment,
): Promise<Proxy | undefined> {
  const fromEnvironment = OF_ENVIRONMENT.find((name) => (environment[name] ?? '') !== '');
  const where = settings.url === '' ? fromEnvironment : 'network.curl_proxy';
  if (where === undefined) return undefined;
  const noProxy = settings.noProxy || environment.no_proxy || environment.NO_PROXY || '';
  if (noProxy !== '' && (await isListed(hostname.replace(/^\[|\]$/g, ''), noProxy))) return undefined;
  return readProxy(settings.url === '' ? { url: environment[where] ?? '' } : settings, where);
}

/** @throws ConfigError `bad_value`; the text of the address, which may hold a password, is in no message */
export function readProxy(
  { url: text, user, password }: Pick<ProxySettings, 'url' | 'user' | 'password'>,
  where: string,
): Proxy {
  const withScheme = text.includes('://') ? text : `http://${text}`;
  const url = URL.canParse(withScheme) ? new URL(withScheme) : undefined;
  if (url?.protocol !== 'http:' || url.hostname === '') {
    const message = `${where} is not the address of a proxy that this client can use: it has to be http://[USER:PASSWORD@]HOST:PORT.`;
    throw new ConfigError('bad_value', message, { details: { key: where } });
  }
  // The parser drops the port that http has by itself, which is not the one that a proxy has by itself.
  const port = Number(url.port || (/:80(\/|$)/.test(withScheme) ? 80 : DEFAULT_PORT));
  const name = decodeURIComponent(user ?? url.username);
  const secret = user === undefined ? decodeURIComponent(url.password) : (password ?? '');
  const credentials = Buffer.from(`${user ?? name}:${secret}`).toString('base64');
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port,
    name: `http://${url.hostname}:${port}`,
    authorization: name === '' ? undefined : `Basic ${credentials}`,
  };
}

/** As libcurl does: `*`; names with all that is below them; addresses and their blocks. */
async function isListed(host: string, list: string): Promise<boolean> {
  const { BlockList, isIP } = await import('node:net');
  const family = isIP(host);
  for (const entry of list.split(/[\s,]+/).filter((text) => text !== '')) {
    if (entry === '*') return true;
    const [address = '', bits] = entry.replace(/^\[|\]$/g, '').split('/');
    if (family === 0 || isIP(address) !== family) {
      const name = entry.replace(/^\.|\.$/g, '').toLowerCase();
      const asked = host.replace(/\.$/, '').toLowerCase();
      if (asked === name || asked.endsWith(`.${name}`)) return true;
      continue;
    }
    const widest = family === 4 ? 32 : 128;
    const prefix = bits === undefined ? widest : Number(bits);
    if (!Number.isInteger(prefix) || prefix < 0 || prefix > widest) continue;
    const block = new BlockList();
    const type = family === 4 ? 'ipv4' : 'ipv6';
    block.addSubnet(address, prefix, type);
    if (block.check(host, type)) return true;
  }
  return false;
}

export type Tunnel = {
  readonly proxy: Proxy;
  readonly host: string;
  readonly port: number;
  readonly userAgent: string;
  readonly timeoutMs: number;
};

/** A connection to that host and port. @throws TransportError `unreachable` with `details.reason` `proxy` */
export async function openTunnel(tunnel: Tunnel): Promise<Socket> {
  const { proxy, host, port, userAgent, timeoutMs } = tunnel;
  const { connect } = await import('node:net');
  const place = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const socket = connect(proxy.port, proxy.host);
  socket.setTimeout(timeoutMs, () => socket.destroy(refused(proxy, 'it does not answer')));
  const authorization =
    proxy.authorization === undefined ? '' : `Proxy-Authorization: ${proxy.authorization}\r\n`;
  socket.write(
    `CONNECT ${place} HTTP/1.1\r\nHost: ${place}\r\n${authorization}User-Agent: ${userAgent}\r\n${END_OF_HEAD.slice(2)}`,
  );
  try {
    const head = await readHead(socket, proxy);
    const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1] ?? Number.NaN);
    if (status < 200 || status > 299 || Number.isNaN(status)) throw refused(proxy, whyNot(status), status);
    socket.setTimeout(0);
    return socket;
  } catch (error) {
    socket.destroy();
    throw error instanceof TransportError ? error : refused(proxy, 'the connection failed', error);
  }
}

function readHead(socket: Socket, proxy: Proxy): Promise<string> {
  return new Promise((resolve, reject) => {
    let head = '';
    const end = (settle: () => void): void => {
      socket.off('data', take).off('error', fail).off('close', close);
      settle();
    };
    const take = (chunk: Buffer): void => {
      head += chunk.toString('latin1');
      const at = head.indexOf(END_OF_HEAD);
      if (at < 0 && head.length > MAX_HEAD_BYTES)
        return end(() => reject(refused(proxy, 'its answer does not end')));
      if (at < 0) return;
      end(() => {
        socket.pause();
        const rest = head.slice(at + END_OF_HEAD.length);
        if (rest !== '') socket.unshift(Buffer.from(rest, 'latin1'));
        resolve(head.slice(0, at));
      });
    };
    const fail = (error: Error): void => end(() => reject(error));
    const close = (): void => end(() => reject(refused(proxy, 'it closed the connection')));
    socket.on('data', take).on('error', fail).on('close', close);
  });
}

function whyNot(status: number): string {
  if (status === 407) return 'it wants another user or password (407)';
  return Number.isNaN(status) ? 'it does not answer in HTTP' : `it answered ${status}`;
}

function refused({ name }: Proxy, why: string, cause?: unknown): TransportError {
  return new TransportError('unreachable', `The proxy ${name} opens no way: ${why}.`, {
    details: { reason: 'proxy', ...(typeof cause === 'number' && cause > 0 ? { proxyStatus: cause } : {}) },
    ...(cause instanceof Error ? { cause } : {}),
  });
}
