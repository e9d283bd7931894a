// Where a redirect leads: it stays on https, keeps the method where HTTP keeps it, and whoever it leads to is told from the
// servers of the configuration (docs/adr/0020). client-protocol 2 "redirects", trap 18.
import { TransportError } from '../../errors.ts';
import type { Relation } from './connections.ts';

export const MAX_REDIRECTS = 10;

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

type Redirectable = {
  readonly method: 'GET' | 'PUT' | 'POST';
  readonly url: string;
  readonly body?: Uint8Array | string;
};

export function isRedirect(status: number): boolean {
  return REDIRECTS.has(status);
}

/** @throws TransportError `malformed` for one that leaves https */
export function redirected<T extends Redirectable>(request: T, status: number, location: string): T {
  const url = URL.canParse(location, request.url) ? new URL(location, request.url) : undefined;
  if (url?.protocol !== 'https:') {
    throw new TransportError(
      'malformed',
      `${originOf(request.url)} redirects to an address that is not https.`,
    );
  }
  const target = { ...request, url: url.href };
  if ((status !== 302 && status !== 303) || request.method === 'GET') return target;
  const { body: _body, ...withoutBody } = target;
  return { ...withoutBody, method: 'GET' } as T;
}

export function tooManyRedirects(url: string): TransportError {
  return new TransportError('malformed', `${originOf(url)} redirects more than ${MAX_REDIRECTS} times.`);
}

/** Every port of a host is the host's. `isVerified`: the answer is known by its hash, whoever gives it. */
export function relationTo(hostname: string, own: ReadonlySet<string>, isVerified: boolean): Relation {
  if (own.has(hostname)) return 'own';
  return isVerified ? 'public' : 'guest';
}

/** @throws TransportError `unreachable` with `details.reason` `not_https` */
export function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'https:') return url;
  throw new TransportError(
    'unreachable',
    `${text === '' ? 'An empty address' : text.split('?', 1)[0]} is not an https address.`,
    { details: { reason: 'not_https' } },
  );
}

export function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname : '';
}

function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : url;
}
