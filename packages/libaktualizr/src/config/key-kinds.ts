// What a configuration key can hold, as the original reads it: text, path, URL, whole number, flag or one of a few
// words. A kind reads the text of a value and answers the value or what it expected. client-features 3.1.

/** `doubt`: the value is taken, as the original takes it, yet can hardly be meant. */
export type Reading<T> =
  | { readonly ok: true; readonly value: T; readonly doubt?: string }
  | { readonly ok: false; readonly expected: string };

export type KeyKind<T> = {
  readonly kind: 'text' | 'path' | 'url' | 'secret' | 'integer' | 'flag' | 'choice';
  readonly fallback: T;
  readonly comment: string;
  /** The original's report spells one key differently from its files. */
  readonly dumpName?: string;
  /** A key the original does not know: reported only when it differs from its default. */
  readonly ours?: boolean;
  readonly read: (text: string) => Reading<T>;
};

type Extra = { readonly dumpName?: string; readonly ours?: boolean };
type Camel<S extends string> = S extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : S;
type Schema = { readonly [section: string]: { readonly [key: string]: KeyKind<unknown> } };

/** The configuration's type, drawn from its table. */
export type ConfigOf<S extends Schema> = {
  readonly [Section in keyof S & string]: {
    readonly [Key in keyof S[Section] & string as Camel<Key>]: S[Section][Key] extends KeyKind<infer T>
      ? T
      : never;
  };
};

export function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

const asText = (value: string): Reading<string> => ({ ok: true, value });

export function text(fallback: string, comment: string, extra: Extra = {}): KeyKind<string> {
  return { kind: 'text', fallback, comment, read: asText, ...extra };
}

export function path(fallback: string, comment: string, extra: Extra = {}): KeyKind<string> {
  return { kind: 'path', fallback, comment, read: asText, ...extra };
}

export function secret(fallback: string, comment: string, extra: Extra = {}): KeyKind<string> {
  return { kind: 'secret', fallback, comment, read: asText, ...extra };
}

export function url(comment: string): KeyKind<string> {
  return { kind: 'url', fallback: '', comment, read: readUrl };
}

export function flag(fallback: boolean, comment: string, extra: Extra = {}): KeyKind<boolean> {
  return { kind: 'flag', fallback, comment, read: readFlag, ...extra };
}

export function integer(
  fallback: number,
  comment: string,
  range: Extra & { readonly min: number; readonly max: number },
): KeyKind<number> {
  const { min, max, ...extra } = range;
  const expected = `a whole number from ${min} to ${max}`;
  const read = (value: string): Reading<number> => {
    const number = /^[+-]?\d{1,12}$/.test(value) ? Number(value) : Number.NaN;
    return number >= min && number <= max ? { ok: true, value: number } : { ok: false, expected };
  };
  return { kind: 'integer', fallback, comment, read, ...extra };
}

export function choice<const W extends readonly string[]>(
  words: W,
  fallback: NoInfer<W[number]>,
  comment: string,
  extra: Extra & { readonly aliases?: { readonly [alias: string]: NoInfer<W[number]> } } = {},
): KeyKind<W[number]> {
  const { aliases = {}, ...rest } = extra;
  const known = new Map<string, W[number]>([
    ...Object.entries(aliases),
    ...words.map((word): [string, W[number]] => [word, word]),
  ]);
  const read = (value: string): Reading<W[number]> => {
    const found = known.get(value);
    return found === undefined
      ? { ok: false, expected: `one of ${words.join(', ')}` }
      : { ok: true, value: found };
  };
  return { kind: 'choice', fallback, comment, read, ...rest };
}

function readFlag(value: string): Reading<boolean> {
  if (value === 'true' || value === '1') return { ok: true, value: true };
  if (value === 'false' || value === '0') return { ok: true, value: false };
  return { ok: false, expected: 'true or false' };
}

function readUrl(value: string): Reading<string> {
  const fits = value === '' || (/^https?:\/\//i.test(value) && URL.canParse(value));
  return fits ? { ok: true, value } : { ok: true, value, doubt: 'a URL that begins with https://' };
}
