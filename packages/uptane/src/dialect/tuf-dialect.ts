// Plain TUF, version 1 of its specification. Source: TUF specification 1.0.34, sections 3.6, 4 and 5
import type { Dialect } from './dialect.ts';

export const TUF_DIALECT: Dialect = {
  name: 'tuf',
  typeOf: (role) => (typeof role === 'string' ? role : 'targets'),
  metadataPath(role, version) {
    const name = typeof role === 'string' ? role : quoted(role.delegation);
    return version === undefined ? `${name}.json` : `${version}.${name}.json`;
  },
  hasConsistentSnapshots: true,
};

/** Everything but what RFC 3986 calls unreserved: a role's name never leaves its folder. */
function quoted(name: string): string {
  return encodeURIComponent(name).replaceAll(
    /[!'()*]/g,
    (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
