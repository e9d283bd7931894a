// Settings of the files → values by the configuration's table. Unknown names and values that a key cannot take become
// warnings with the nearest valid name; the default stays, as it does in the original. client-features 3.1 CFH-03, -04.
import { SCHEMA_SECTIONS } from './defaults.ts';
import type { SchemaSection } from './defaults.ts';
import { nearestName } from './nearest-name.ts';
import type { Setting } from './read-settings.ts';
import { warningAt } from './warnings.ts';
import type { ConfigWarning } from './warnings.ts';

export type Applied = {
  readonly values: Map<string, Map<string, unknown>>;
  readonly extra: Map<string, string>;
  readonly warnings: ConfigWarning[];
};

export function emptyApplied(): Applied {
  return { values: new Map(), extra: new Map(), warnings: [] };
}

/** Adds the settings of one file to what earlier files gave. */
export function applySettings(applied: Applied, settings: readonly Setting[], file: string): void {
  const unknownSections = new Set<string>();
  for (const setting of settings) {
    const keys = SCHEMA_SECTIONS.get(setting.section);
    if (keys !== undefined) applySetting(applied, keys, setting, file);
    else if (!unknownSections.has(setting.section)) {
      unknownSections.add(setting.section);
      applied.warnings.push(
        warningAt('unknown_section', { file, line: setting.line }, unknownSection(setting)),
      );
    }
  }
}

function applySetting(applied: Applied, keys: SchemaSection, setting: Setting, file: string): void {
  const { section, text, line } = setting;
  if (setting.key === '') return;
  const key = reportedNames(keys).get(setting.key) ?? setting.key;
  const kind = Object.hasOwn(keys, key) ? keys[key] : undefined;
  if (kind === undefined) {
    const near = nearestName(key, Object.keys(keys), section === 'pacman' ? 1 : undefined);
    if (section === 'pacman') applied.extra.set(key, text ?? '');
    // A package manager may have keys of its own: only what looks like a slip of the finger is worth a word.
    if (section !== 'pacman' || near !== undefined) {
      applied.warnings.push(
        warningAt('unknown_key', { file, line }, `unknown key "${key}" in [${section}]${suggestion(near)}`),
      );
    }
    return;
  }
  const reading = text === undefined ? { ok: false as const, expected: 'a single value' } : kind.read(text);
  if (!reading.ok) {
    const kept = `the default ${JSON.stringify(kind.fallback)} is kept`;
    applied.warnings.push(
      warningAt('bad_value', { file, line }, `${section}.${key} takes ${reading.expected}; ${kept}`),
    );
    return;
  }
  if (reading.doubt !== undefined) {
    applied.warnings.push(
      warningAt('bad_value', { file, line }, `${section}.${key} should be ${reading.doubt}`),
    );
  }
  const values = applied.values.get(section) ?? new Map<string, unknown>();
  applied.values.set(section, values.set(key, reading.value));
}

/** A report reads back: the one key that it spells differently is known by both names. */
function reportedNames(keys: SchemaSection): ReadonlyMap<string, string> {
  const entries = Object.entries(keys).flatMap(([key, { dumpName }]): [string, string][] =>
    dumpName === undefined ? [] : [[dumpName, key]],
  );
  return new Map(entries);
}

function unknownSection({ section, key }: Setting): string {
  if (section === '') return `"${key}" stands before the first section`;
  return `unknown section [${section}]${suggestion(nearestName(section, SCHEMA_SECTIONS.keys()))}`;
}

function suggestion(near: string | undefined): string {
  return near === undefined ? '' : `; did you mean "${near}"?`;
}
