// What TUF signs, written as plainly as can be: names by code point, no blanks, only `"` and `\` escaped. The core has its
// own way to these bytes. Source: OLPC Canonical JSON
import type { JsonValue } from '@ota-connect/uptane';

export function olpcText(value: JsonValue): string {
  if (typeof value === 'string') return `"${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return `[${value.map(olpcText).join(',')}]`;
  const members = Object.entries(value)
    .toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .map(([name, item]) => `${olpcText(name)}:${olpcText(item)}`);
  return `{${members.join(',')}}`;
}
