// Random JSON values, and texts that say the same in all the ways RFC 8259 allows: blanks, members in any order, escapes
// where none is needed, text beyond ASCII as it is, a zero with a sign.
import fc from 'fast-check';
import { jsonObject, type JsonValue } from '../src/json/value.ts';

/** Every choice that the writer has, one after the other. */
export type Choices = () => number;

export function jsonValues(): fc.Arbitrary<JsonValue> {
  const text = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom(
      '__proto__',
      '10',
      '9',
      'a/b',
      '\u2028',
      '\u007f',
      '\uffee',
      '\u{1f600}',
      'a',
      'ab',
      'a\n',
    ),
  );
  const { value } = fc.letrec<{ value: JsonValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constant(null),
      fc.boolean(),
      fc.maxSafeInteger(),
      text,
      fc.array(tie('value'), { maxLength: 4 }),
      fc
        .array(fc.tuple(text, tie('value')), { maxLength: 12 })
        .map((entries) => jsonObject(new Map(entries))),
    ),
  }));
  return value;
}

/** The value with a text that says it. */
export function looseTexts(
  values: fc.Arbitrary<JsonValue> = jsonValues(),
): fc.Arbitrary<readonly [JsonValue, string]> {
  const choices = fc.array(fc.nat(23), { minLength: 1, maxLength: 60 });
  return fc.tuple(values, choices).map(([value, numbers]) => [value, looseText(value, chooser(numbers))]);
}

function chooser(numbers: readonly number[]): Choices {
  let at = 0;
  return () => {
    at += 1;
    return numbers[at % numbers.length] ?? 0;
  };
}

function looseText(value: JsonValue, choose: Choices): string {
  const blank = [' ', '\n', '\t', '\r\n'][choose()] ?? '';
  return `${blank}${looseCore(value, choose)}${[' ', '\n'][choose()] ?? ''}`;
}

function looseCore(value: JsonValue, choose: Choices): string {
  if (value === 0) return choose() < 8 ? '-0' : '0';
  if (typeof value === 'string') return looseString(value, choose);
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return `[${value.map((item) => looseText(item, choose)).join(',')}]`;
  const members = Object.entries(value).map(
    ([name, item]) => `${looseString(name, choose)}${[' '][choose()] ?? ''}:${looseText(item, choose)}`,
  );
  const turned = choose() < 8 ? members.toReversed() : members;
  return `{${[' '][choose()] ?? ''}${turned.join(',')}}`;
}

function looseString(text: string, choose: Choices): string {
  let result = '"';
  for (let at = 0; at < text.length; at += 1) result += looseUnit(text.charAt(at), choose());
  return `${result.toWellFormed() === result ? result : JSON.stringify(text).slice(0, -1)}"`;
}

function looseUnit(unit: string, choice: number): string {
  const digits = unit.charCodeAt(0).toString(16).padStart(4, '0');
  if (choice === 0) return `\\u${digits}`;
  if (choice === 1) return `\\u${digits.toUpperCase()}`;
  if (choice === 2 && unit === '/') return '\\/';
  return unit < ' ' || unit === '"' || unit === '\\' ? JSON.stringify(unit).slice(1, -1) : unit;
}
