// The plainest reading of what the parsers read, to compare with. Nothing here is shared with src/.
import { readExactly } from '../exact-json.ts';

const DEPTH = 64;
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** undefined: no UTF-8. */
export function textOf(bytes: Uint8Array): string | undefined {
  try {
    return UTF8.decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

export function plainJson(bytes: Uint8Array): unknown {
  return readExactly(textOf(bytes) ?? '', DEPTH);
}

type Escape = (text: string) => string;

/** Names sorted by code point, no blanks; how strings are written is the dialect's. */
export function plainCanonical(value: unknown, escape: Escape): string {
  if (typeof value === 'string') return `"${escape(value)}"`;
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return `[${value.map((item) => plainCanonical(item, escape)).join(',')}]`;
  const names = Object.keys(value).toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const members = names.map(
    (name) => `"${escape(name)}":${plainCanonical((value as Record<string, unknown>)[name], escape)}`,
  );
  return `{${members.join(',')}}`;
}

/** As the original writes strings: what JSON has to escape, and everything beyond ASCII. */
export const uptaneEscape: Escape = (text) =>
  JSON.stringify(text)
    .slice(1, -1)
    .replaceAll(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** As OLPC writes them: two characters are escaped. */
export const tufEscape: Escape = (text) => text.replaceAll(/["\\]/g, (mark) => `\\${mark}`);

/** Seconds; undefined when it is no time of the one form. */
export function plainInstant(text: string): number | undefined {
  const date = new Date(text);
  if (!/^\d{4}(-\d\d){2}T\d\d(:\d\d){2}Z$/.test(text) || Number.isNaN(date.getTime())) return undefined;
  return date.toISOString().replace('.000', '') === text ? date.getTime() / 1000 : undefined;
}

/** fnmatch without flags, by trying everything. */
export function plainMatch(pattern: string, name: string): boolean {
  return matchFrom(Array.from(pattern), Array.from(name));
}

function matchFrom(pattern: readonly string[], text: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return text.length === 0;
  if (first === '*') {
    return text.some((_, at) => matchFrom(rest, text.slice(at))) || matchFrom(rest, []);
  }
  const [character, ...others] = text;
  if (character === undefined) return false;
  if (first === '?') return matchFrom(rest, others);
  if (first === '[') {
    const negated = rest[0] === '!' || rest[0] === '^';
    const begin = negated ? 1 : 0;
    const close = rest.indexOf(']', begin + 1);
    if (close !== -1) {
      if (isIn(rest.slice(begin, close), character) === negated) return false;
      return matchFrom(rest.slice(close + 1), others);
    }
  }
  if (first === '\\' && rest.length > 0) return rest[0] === character && matchFrom(rest.slice(1), others);
  return first === character && matchFrom(rest, others);
}

function isIn(members: readonly string[], character: string): boolean {
  const [low = '', dash, high] = members;
  if (members.length === 0) return false;
  const point = (text: string): number => text.codePointAt(0) ?? 0;
  if (dash === '-' && high !== undefined) {
    return (
      (point(low) <= point(character) && point(character) <= point(high)) || isIn(members.slice(3), character)
    );
  }
  return low === character || isIn(members.slice(1), character);
}
