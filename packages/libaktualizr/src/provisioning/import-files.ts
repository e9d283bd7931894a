// What the import directory brings at start: TLS files (also later ones, so that a certificate is renewed by replacing
// files), pre-installed roots of both repositories, the log of an image that was flashed. client-protocol 10.4.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { checkFirstRoot, DEFAULT_LIMITS, sha256Hex } from '@ota-connect/uptane';
import type { EcuSerial, Hashes, JsonObject } from '@ota-connect/uptane';

import type { Config } from '../config/config.ts';
import { importPath } from '../config/import-path.ts';
import { ConfigError } from '../errors.ts';
import type { Storage, TlsCredentials } from '../ports.ts';
import { commonName } from './common-name.ts';
import { readImport } from './read-import.ts';

const TLS_FILES = {
  ca: 'tlsCacertPath',
  certificate: 'tlsClientcertPath',
  privateKey: 'tlsPkeyPath',
} as const;
type TlsPart = keyof typeof TLS_FILES;
/** Which files the stored credentials were made of: SHA-256 of each part. */
const TAKEN_OVER = 'tls_file_taken_over_';
const ROOT_FILES: readonly (readonly ['director' | 'image', string])[] = [
  ['image', 'repo/root.json'],
  ['director', 'director/root.json'],
];

export type ImportStorage = Storage & {
  readonly flags?: { get(name: string): string | undefined; set(name: string, value: string): void };
};

/** Answers warnings for the log. Throws ConfigError when a pre-installed root cannot be read: trust must not fall back to first use. */
export function importFiles(config: Config, storage: ImportStorage, primary: EcuSerial): readonly string[] {
  const warnings = importTls(config, storage);
  for (const [repository, file] of ROOT_FILES)
    importRoot(storage, repository, join(config.import.basePath, file));
  importInstalledVersions(join(config.import.basePath, 'installed_versions'), storage, primary);
  return warnings;
}

function importTls(config: Config, storage: ImportStorage): readonly string[] {
  const stored = storage.credentials.parts();
  const warnings: string[] = [];
  const found = new Map<TlsPart, string>();
  const wanted = partsInFiles(config);
  for (const part of wanted) {
    const file = importPath(config.import, TLS_FILES[part]);
    if (file === undefined) continue;
    const content = readImport(file);
    const isStored = stored[part] !== undefined;
    if (content === undefined)
      warnings.push(`${file} cannot be read${isStored ? '; the stored credentials stay' : ''}.`);
    else found.set(part, content);
  }
  const next: Partial<TlsCredentials> = { ...stored, ...Object.fromEntries(found) };
  if (found.size === 0 || wanted.some((part) => !next[part])) return warnings;
  const marks = marksOf(found);
  const isStored = wanted.every((part) => stored[part]);
  // Files that were taken over before say nothing new: the device may have renewed its certificate since.
  if (isStored && marks.every(([part, mark]) => storage.flags?.get(TAKEN_OVER + part) === mark))
    return warnings;
  if (wanted.every((part) => next[part] === stored[part])) {
    remember(storage, marks);
    return warnings;
  }
  const fault = faultOf(next);
  if (fault !== undefined) {
    return [...warnings, `The TLS files in ${config.import.basePath} were not taken over: ${fault}.`];
  }
  storage.transaction(() => {
    storage.credentials.saveTls(next);
    remember(storage, marks);
  });
  return [...warnings, ...otherName(next, storage.identity.deviceId())];
}

/** The parts that do not come from a token. */
function partsInFiles({ tls }: Config): readonly TlsPart[] {
  const sources = { ca: tls.caSource, certificate: tls.certSource, privateKey: tls.pkeySource };
  return (Object.keys(TLS_FILES) as TlsPart[]).filter((part) => sources[part] === 'file');
}

function marksOf(found: ReadonlyMap<TlsPart, string>): readonly (readonly [TlsPart, string])[] {
  return Array.from(found, ([part, content]) => [part, sha256Hex(Buffer.from(content))]);
}

function remember({ flags }: ImportStorage, marks: ReturnType<typeof marksOf>): void {
  for (const [part, mark] of marks) flags?.set(TAKEN_OVER + part, mark);
}

/** A half-finished replacement of the files must not cost the device its working identity. */
function faultOf({ ca, certificate, privateKey }: Partial<TlsCredentials>): string | undefined {
  try {
    const belongs =
      certificate === undefined ||
      privateKey === undefined ||
      new X509Certificate(certificate).checkPrivateKey(createPrivateKey(privateKey));
    if (!belongs) return 'the certificate and the key do not belong together';
    if (certificate !== undefined) new X509Certificate(certificate);
    return ca !== undefined && new X509Certificate(ca).subject === ''
      ? 'the CA certificate is empty'
      : undefined;
  } catch (cause) {
    if (cause instanceof Error) return 'one of them is no PEM file, or is damaged';
    throw cause;
  }
}

/** The original goes on under its stored id as well, and warns. */
function otherName(
  { certificate }: Partial<TlsCredentials>,
  deviceId: string | undefined,
): readonly string[] {
  const name = certificate === undefined ? undefined : commonName(certificate);
  if (deviceId === undefined || name === undefined || name === deviceId) return [];
  return [
    `The certificate that was taken over is of "${name}", this device is "${deviceId}": the server will take it for another device.`,
  ];
}

function importRoot(storage: Storage, repository: 'director' | 'image', file: string): void {
  const store = storage.metadata[repository];
  if (store.load('root') !== undefined || readImport(file) === undefined) return;
  const bytes = new Uint8Array(readFileSync(file));
  try {
    const root = checkFirstRoot(bytes, { repository, limits: DEFAULT_LIMITS });
    store.save('root', bytes, root.version);
  } catch (cause) {
    const message = `${file} is no Root metadata, so the ${repository === 'director' ? 'Director' : 'Image repository'} cannot be trusted.`;
    throw new ConfigError('bad_value', message, { cause, details: { file } });
  }
}

/** A map name → target with `is_current`, or the old form hash → name. The file goes once it named the current image. */
function importInstalledVersions(file: string, storage: Storage, primary: EcuSerial): void {
  if (storage.installations.log(primary).length > 0) return;
  const content = readImport(file);
  if (content === undefined) return;
  const versions = [...versionsOf(content, file)].sort((a, b) => Number(a.isCurrent) - Number(b.isCurrent));
  storage.transaction(() => {
    for (const { isCurrent, ...version } of versions) {
      storage.installations.save(
        { ...version, ecuSerial: primary, correlationId: '' },
        isCurrent ? 'current' : 'installing',
      );
    }
  });
  if (versions.some(({ isCurrent }) => isCurrent)) rmSync(file, { force: true });
}

type Version = {
  readonly name: string;
  readonly lengthBytes: number;
  readonly hashes: Hashes;
  readonly customMeta: JsonObject;
  readonly isCurrent: boolean;
};

function* versionsOf(content: string, file: string): Generator<Version> {
  for (const [key, value] of Object.entries(objectOf(parsed(content, file)))) {
    if (typeof value === 'string') {
      yield {
        name: value,
        lengthBytes: 0,
        hashes: { sha256: key.toLowerCase() },
        customMeta: {},
        isCurrent: false,
      };
      continue;
    }
    const target = objectOf(value);
    const hashes = objectOf(target['hashes']);
    const [sha256, sha512] = [hexOf(hashes['sha256']), hexOf(hashes['sha512'])];
    yield {
      name: key,
      lengthBytes: typeof target['length'] === 'number' ? target['length'] : 0,
      hashes: { ...(sha256 ? { sha256 } : {}), ...(sha512 ? { sha512 } : {}) },
      customMeta: objectOf(target['custom']) as JsonObject,
      isCurrent: target['is_current'] === true,
    };
  }
}

function parsed(content: string, file: string): unknown {
  try {
    return JSON.parse(content);
  } catch (cause) {
    throw new ConfigError('bad_value', `${file} is not JSON.`, { cause, details: { file } });
  }
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

function hexOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value.toLowerCase() : undefined;
}
