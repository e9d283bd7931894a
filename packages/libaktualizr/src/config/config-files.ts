// Which files make up the configuration: *.toml of the original's two directories, or what --config names. Files of a
// later directory replace those of the same name; all are applied in the order of their names. client-features 3.1 CFH-01.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';

import { ConfigError } from '../errors.ts';

export const DEFAULT_DIRECTORIES: readonly string[] = ['/usr/lib/sota/conf.d', '/etc/sota/conf.d'];

export type ConfigFile = { readonly file: string; readonly source: string };

/** Throws ConfigError: missing_file for a named path that is not there, unreadable_file. */
export function readConfigFiles(paths: readonly string[] | undefined): readonly ConfigFile[] {
  const places = paths === undefined || paths.length === 0 ? DEFAULT_DIRECTORIES.filter(exists) : paths;
  const byName = new Map<string, string>();
  for (const place of places) {
    for (const file of filesAt(place)) byName.set(basename(file), file);
  }
  return [...byName.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, file]) => ({ file, source: read(file) }));
}

function exists(place: string): boolean {
  return statSync(place, { throwIfNoEntry: false }) !== undefined;
}

function filesAt(place: string): readonly string[] {
  const found = reading(place, () => statSync(place, { throwIfNoEntry: false }));
  if (found === undefined) {
    throw new ConfigError('missing_file', `The configuration ${place} does not exist.`, {
      details: { file: place },
    });
  }
  if (!found.isDirectory()) return [place];
  const names = reading(place, () => readdirSync(place));
  return names.filter((name) => name.endsWith('.toml')).map((name) => join(place, name));
}

function read(file: string): string {
  return reading(file, () => readFileSync(file, 'utf8'));
}

function reading<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    throw new ConfigError('unreadable_file', `The configuration ${file} cannot be read (${reason}).`, {
      cause,
      details: { file },
    });
  }
}
