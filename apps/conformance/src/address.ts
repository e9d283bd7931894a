// Where a file lies: an http(s) address and the path that is sent. The path is ours byte for byte: a name from outside
// is percent-encoded, so that nothing on the way climbs out of the repository.
// client-protocol 3.5
import { percentEncoded } from '@ota-connect/uptane';
import { UsageError } from './arguments.ts';

export type Address = { readonly url: URL; readonly path: string };

/** @throws UsageError for what is no http(s) address */
export function parseBase(text: string, option: string): URL {
  const url = parseAddress(text)?.url;
  if (url === undefined) throw new UsageError(`--${option} is not an http or https address.`);
  return url;
}

/** undefined: not http or https. */
export function parseAddress(text: string, from?: URL): Address | undefined {
  if (!URL.canParse(text, from)) return undefined;
  const url = new URL(text, from);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined;
  return { url, path: `${url.pathname}${url.search}` };
}

/** With one `/` between the two, whether or not the base ends with one. `path` is encoded already. */
export function below(base: URL, path: string): Address {
  return { url: base, path: `${base.pathname.replace(/\/+$/, '')}/${path}` };
}

/** The path of an image, its folders as folders; a name with `.` or `..` among them is one segment, that no one resolves. */
export function encodedPath(name: string): string {
  const segments = name.split('/');
  if (segments.some((segment) => segment === '.' || segment === '..')) return percentEncoded(name);
  return segments.map(percentEncoded).join('/');
}
