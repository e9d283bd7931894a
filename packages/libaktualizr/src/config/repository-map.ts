// The file behind uptane.repository_map: which repositories there are, where, and which of them have to agree on which
// images. It is trusted as the rest of the configuration is, and never fetched. Uptane Standard #repo_mapping_meta; TAP 4
import { readFileSync } from 'node:fs';
import { CodedError, parseRepositoryMapping, type RepositoryMapping } from '@ota-connect/uptane';
import { ConfigError } from '../errors.ts';
import type { Config } from './config.ts';

const ADVICE =
  'Correct the file, or leave uptane.repository_map empty for the two repositories of tls.server.';

/** undefined when none is configured. Addresses end without a slash. @throws ConfigError `missing_file`, `bad_value` */
export function readRepositoryMap({ uptane }: Config): RepositoryMapping | undefined {
  const file = uptane.repositoryMap;
  if (file === '') return undefined;
  const mapping = parse(read(file), file);
  const repositories = Array.from(mapping.repositories, ([name, urls]): [string, readonly string[]] => [
    name,
    urls.map((url) => addressOf(url, file)),
  ]);
  return { ...mapping, repositories: new Map(repositories) };
}

function read(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    const message = `uptane.repository_map names ${file}, which cannot be read (${reason}). ${ADVICE}`;
    throw new ConfigError('missing_file', message, { cause, details: { file } });
  }
}

function parse(bytes: Uint8Array, file: string): RepositoryMapping {
  try {
    return parseRepositoryMapping(bytes);
  } catch (cause) {
    if (!(cause instanceof CodedError)) throw cause;
    const message = `${file}, named by uptane.repository_map, is no repository mapping: ${cause.message} ${ADVICE}`;
    throw new ConfigError('bad_value', message, { cause, details: { file } });
  }
}

function addressOf(url: string, file: string): string {
  if (/^https:/i.test(url)) return url.replace(/\/+$/, '');
  const message = `${file}, named by uptane.repository_map, has the address ${url.split('?', 1)[0]}, which is not https. ${ADVICE}`;
  throw new ConfigError('bad_value', message, { details: { file } });
}
