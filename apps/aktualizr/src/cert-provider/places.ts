// Where the files go on the device: into one directory under the names that the sample configurations have, or to where a
// configuration imports them from. client-features CRT-05 to -07, CFG-41 to -44
import { posix } from 'node:path';

import type { Config } from '@ota-connect/libaktualizr/config/config';

import { UsageError } from '../exit-codes.ts';
import type { DeviceIdentity } from './identity.ts';

/** A file on the device. `isSecret`: nobody but its owner may read it. */
export type DeviceFile = { readonly path: string; readonly content: string; readonly isSecret: boolean };

const DEFAULT_DIRECTORY = '/var/sota/import';
const NAMES = { key: 'pkey.pem', certificate: 'client.pem', ca: 'root.crt', url: 'gateway.url' } as const;

type Places = { readonly [file in keyof typeof NAMES]: string };

type Wanted = { readonly withRootCa: boolean; readonly withServerUrl: boolean };

export function deviceFiles(
  identity: DeviceIdentity,
  { withRootCa, withServerUrl }: Wanted,
  places: Places,
): readonly DeviceFile[] {
  const files = [
    { path: places.key, content: identity.privateKey, isSecret: true },
    { path: places.certificate, content: identity.certificate, isSecret: false },
    ...(withRootCa ? [{ path: places.ca, content: identity.rootCa ?? '', isSecret: false }] : []),
    ...(withServerUrl ? [{ path: places.url, content: identity.serverUrl ?? '', isSecret: false }] : []),
  ];
  return files;
}

/**
 * `config`: of --config. Absolute paths on the device, but for a relative --directory. @throws UsageError for one that
 * ssh and scp read differently
 */
export function placesOf(directory: string | undefined, config: Config | undefined): Places {
  const places = config === undefined ? placesIn(directory ?? DEFAULT_DIRECTORY) : placesBy(config);
  for (const path of Object.values(places)) checkPath(path);
  return places;
}

function placesIn(directory: string): Places {
  const at = (name: string) => posix.join(directory, name);
  return { key: at(NAMES.key), certificate: at(NAMES.certificate), ca: at(NAMES.ca), url: at(NAMES.url) };
}

function placesBy({ import: imports, storage, tls }: Config): Places {
  const base = imports.basePath || storage.path;
  const at = (...names: readonly string[]) =>
    posix.resolve('/', base, names.find((name) => name !== '') ?? '');
  return {
    key: at(imports.tlsPkeyPath, storage.tlsPkeyPath, NAMES.key),
    certificate: at(imports.tlsClientcertPath, storage.tlsClientcertPath, NAMES.certificate),
    ca: at(imports.tlsCacertPath, storage.tlsCacertPath, NAMES.ca),
    url: at(tls.serverUrlPath, NAMES.url),
  };
}

/** A path goes through a shell on the device, with some versions of scp, and not with others. */
function checkPath(path: string): void {
  if (/^[\w@%+=:,./-]+$/.test(path) && !path.startsWith('-')) return;
  throw new UsageError(
    `"${path}" is no path for files of a device: it may have letters, digits and @%+=:,._/- alone.`,
  );
}
