// The configuration that an empty file gives, before anything is derived. Also the builder that the reader uses:
// values by section and key, in the file's spelling, over the defaults.
import { CONFIG_SCHEMA } from './config.ts';
import type { Config } from './config.ts';
import { camelCase } from './key-kinds.ts';
import type { KeyKind } from './key-kinds.ts';

export type Values = ReadonlyMap<string, ReadonlyMap<string, unknown>>;

export type SchemaSection = { readonly [key: string]: KeyKind<unknown> };

/** The table as data: sections in the order of the report. */
export const SCHEMA_SECTIONS: ReadonlyMap<string, SchemaSection> = new Map(
  Object.entries<SchemaSection>(CONFIG_SCHEMA),
);

/** Values were read by their key's kind, so that the result has the table's types. */
export function buildConfig(values: Values, extra: ReadonlyMap<string, string> = new Map()): Config {
  const sections: [string, object][] = [];
  for (const [section, keys] of SCHEMA_SECTIONS) {
    const given = values.get(section);
    const entries = Object.entries(keys).map(([key, kind]) => [
      camelCase(key),
      given?.has(key) ? given.get(key) : kind.fallback,
    ]);
    sections.push([section, { ...Object.fromEntries(entries), ...(section === 'pacman' ? { extra } : {}) }]);
  }
  return Object.fromEntries(sections) as Config;
}

/** The defaults of the original. */
export function defaultConfig(): Config {
  return buildConfig(new Map());
}
