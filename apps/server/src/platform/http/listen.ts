// Binding a port, with failures told in one sentence.
import { createServer, type AddressInfo } from 'node:net';
import { ConfigError } from '../errors.ts';
import type { App } from './app.ts';

type Listener = { readonly what: string; readonly host: string; readonly port: number };

/** Asks for the port and gives it back: known to be free before anything is written. */
export async function requireFreePort(wish: Listener): Promise<void> {
  if (wish.port === 0) return;
  await new Promise<void>((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error) => reject(cannotListen(wish, error)));
    probe.listen(wish.port, wish.host, () => probe.close(() => resolve()));
  });
}

/** Answers the port, which matters when it was 0. */
export async function listen(app: App, wish: Listener): Promise<number> {
  try {
    await app.listen({ host: wish.host, port: wish.port });
  } catch (error) {
    throw cannotListen(wish, error);
  }
  return (app.server.address() as AddressInfo).port;
}

function cannotListen(wish: Listener, cause: unknown): unknown {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  const place = `${wish.host}:${wish.port}`;
  if (code === 'EADDRINUSE') {
    const message = `Port ${wish.port} for the ${wish.what} is in use. Stop what listens there, or choose another port.`;
    return new ConfigError('port_in_use', message, { cause });
  }
  if (code === 'EACCES' || code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return new ConfigError('cannot_listen', `The ${wish.what} cannot listen on ${place} (${code}).`, {
      cause,
    });
  }
  return cause;
}
