// The text of one configuration file as a list of settings with their lines. Files are TOML; deployed ones were written
// for the original's INI reader and may hold what TOML refuses (unquoted text, `;` comments, doubled quotes), so what is
// no TOML is read that way, with a warning. client-features 3.1 CFH-02.
import { parse, TomlError } from 'smol-toml';

import { warningAt } from './warnings.ts';
import type { ConfigWarning } from './warnings.ts';

export type Setting = {
  /** Empty before the first section. */
  readonly section: string;
  readonly key: string;
  /** Undefined for a list or a table, which no key takes. */
  readonly text: string | undefined;
  readonly line: number | undefined;
};

type Settings = { readonly settings: readonly Setting[]; readonly warnings: readonly ConfigWarning[] };

export function readSettings(source: string, file: string): Settings {
  const lines = readLines(source.replace(/^\uFEFF/, ''), file);
  try {
    return { settings: readToml(source.replace(/^\uFEFF/, ''), lines.settings), warnings: [] };
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    const reason = cause.message.split('\n')[0]?.replace(/^Invalid TOML document: /, '') ?? '';
    const note = warningAt(
      'not_toml',
      { file, line: cause.line },
      `this is not TOML (${reason}); the file was read as the original client reads it`,
    );
    return { settings: lines.settings, warnings: [note, ...lines.warnings] };
  }
}

function readToml(source: string, lines: readonly Setting[]): readonly Setting[] {
  const settings: Setting[] = [];
  for (const [section, content] of Object.entries(parse(source, { integersAsBigInt: true }))) {
    if (!isTable(content)) {
      settings.push(setting('', section, content, lines));
      continue;
    }
    // The heading itself, since an empty section may be misspelt too.
    settings.push({ section, key: '', text: '', line: lineOf(lines, section, '') });
    for (const [key, value] of Object.entries(content)) settings.push(setting(section, key, value, lines));
  }
  return settings;
}

function setting(section: string, key: string, value: unknown, lines: readonly Setting[]): Setting {
  const written = lines.find((line) => line.section === section && line.key === key);
  const line = written?.line ?? lineOf(lines, section, key);
  if (typeof value === 'string') return { section, key, text: value, line };
  if (Array.isArray(value) || isTable(value)) return { section, key, text: undefined, line };
  // As it is written: 0x1F or 1_000 may be an identifier, which the original takes as text.
  return { section, key, text: written?.text ?? String(value), line };
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !(value instanceof Date) && !Array.isArray(value);
}

function lineOf(lines: readonly Setting[], section: string, key: string): number | undefined {
  const named = lines.find(
    (line) =>
      line.section === section ||
      line.section.startsWith(`${section}.`) ||
      line.key.startsWith(`${section}.${key}`),
  );
  return named?.line;
}

/** The original's way: `[section]`, `key = value`, comment lines with `;` or `#`; every quote is dropped. */
function readLines(source: string, file: string): Settings {
  const settings: Setting[] = [];
  const warnings: ConfigWarning[] = [];
  const seen = new Map<string, number>();
  let section = '';
  for (const [index, raw] of source.split(/\r?\n/).entries()) {
    const [text, line] = [raw.trim(), index + 1];
    if (text === '' || text.startsWith(';') || text.startsWith('#')) continue;
    const heading = /^\[\s*([^\]]*?)\s*\]/.exec(text);
    const equals = text.indexOf('=');
    if (heading) {
      section = heading[1] ?? '';
      settings.push({ section, key: '', text: '', line });
    } else if (equals > 0) {
      const key = text.slice(0, equals).trim().replaceAll('"', '');
      const earlier = seen.get(`${section}\n${key}`);
      if (earlier !== undefined)
        warnings.push(
          warningAt(
            'repeated_key',
            { file, line },
            `"${key}" stands already in line ${earlier}; the later value holds`,
          ),
        );
      seen.set(`${section}\n${key}`, line);
      settings.push({ section, key, text: valueText(text.slice(equals + 1)), line });
    } else {
      warnings.push(
        warningAt(
          'unreadable_line',
          { file, line },
          `"${firstWord(text)}" is neither a section nor a setting`,
        ),
      );
    }
  }
  return { settings, warnings };
}

function valueText(raw: string): string {
  const value = raw.trim();
  const quoted = /^"([^"]*)"\s*(?:[;#].*)?$/.exec(value);
  if (quoted) return quoted[1] ?? '';
  return value
    .replace(/\s+[;#].*$/, '')
    .replaceAll('"', '')
    .trim();
}

/** The rest of the line may be a password that lacks its equals sign. */
function firstWord(text: string): string {
  const [word = ''] = text.split(/\s/);
  return word === text ? word.slice(0, 20) : `${word.slice(0, 20)} …`;
}
