// What the original client, its servers and the vectors speak. Only Root carries its version in the name: originals ask
// for the plain names of all others. Source: the original's metadata code; Uptane Standard #metadata_structures
import type { Dialect } from './dialect.ts';
import { roleTitle } from '../metadata/role.ts';

export const UPTANE_DIALECT: Dialect = {
  name: 'uptane',
  typeOf: (role) => (typeof role === 'string' ? roleTitle(role) : 'Targets'),
  metadataPath(role, version) {
    if (typeof role !== 'string') return `delegations/${encodeURIComponent(role.delegation)}.json`;
    return version === undefined ? `${role}.json` : `${version}.${role}.json`;
  },
  hasConsistentSnapshots: false,
};
