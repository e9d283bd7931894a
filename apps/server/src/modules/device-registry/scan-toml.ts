// Reads TOML as far as it must be read to know which value belongs to which key, and where it begins and ends. Every place
// that is not as TOML has it is a failure: the caller then treats what stands there as if it were secret.
// Source: https://toml.io/en/v1.0.0

export type Scalar = { readonly kind: 'text' | 'bare'; readonly text: string };
export type Value = (Scalar | { readonly kind: 'many'; readonly values: readonly Entry[] }) & Span;
export type Span = { readonly start: number; readonly end: number };
/** A value of an inline table has keys of its own, an element of an array has none. */
export type Entry = { readonly keys: readonly string[]; readonly value: Value };

/** `at`: how far it was read. */
export class TomlFailure extends Error {
  readonly at: number;

  constructor(at: number) {
    super('not TOML');
    this.at = at;
  }
}

const MAX_DEPTH = 32;
const BARE_KEY = /[\w-]+/y;
/** Numbers, dates and booleans. */
const BARE_VALUE = /(?:true|false|[+-]?(?:inf|nan)|[+-]?\d[\w.:+-]*(?: \d\d:[\d:.Z+-]+)?)(?=[\s,\]}#]|$)/y;
const BLANKS = /[ \t]*/y;
const LINE_END_AND_BLANKS = /[ \t]*\r?\n\s*/y;
const BLANKS_AND_LINES = /(?:[ \t]|\r?\n|#[^\n]*)*/y;
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['b', '\b'],
  ['t', '\t'],
  ['n', '\n'],
  ['f', '\f'],
  ['r', '\r'],
  ['e', '\u001b'],
  ['"', '"'],
  ['\\', '\\'],
]);

/** One document, read from left to right. All throw TomlFailure. */
export class TomlScanner {
  readonly text: string;
  at = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** `a."b".c` */
  keys(): string[] {
    const keys = [this.#key()];
    this.blanks();
    while (this.take('.')) {
      this.blanks();
      keys.push(this.#key());
      this.blanks();
    }
    return keys;
  }

  value(depth = 0): Value {
    if (depth > MAX_DEPTH) throw this.failure();
    const start = this.at;
    const quoted = this.#quoted(true);
    if (quoted !== undefined) return { kind: 'text', text: quoted, start, end: this.at };
    if (this.take('[')) return this.#list(start, ']', () => ({ keys: [], value: this.value(depth + 1) }));
    if (this.take('{')) return this.#list(start, '}', () => this.#pair(depth + 1));
    return { kind: 'bare', text: this.#match(BARE_VALUE), start, end: this.at };
  }

  blanks(): void {
    this.#match(BLANKS);
  }

  take(mark: string): boolean {
    if (!this.text.startsWith(mark, this.at)) return false;
    this.at += mark.length;
    return true;
  }

  expect(mark: string): void {
    if (!this.take(mark)) throw this.failure();
  }

  failure(): TomlFailure {
    return new TomlFailure(this.at);
  }

  #key(): string {
    return this.#quoted(false) ?? this.#match(BARE_KEY);
  }

  #list(start: number, close: string, entry: () => Entry): Value {
    const values: Entry[] = [];
    this.#match(BLANKS_AND_LINES);
    while (!this.take(close)) {
      values.push(entry());
      this.#match(BLANKS_AND_LINES);
      if (!this.take(',') && !this.text.startsWith(close, this.at)) throw this.failure();
      this.#match(BLANKS_AND_LINES);
    }
    return { kind: 'many', values, start, end: this.at };
  }

  #pair(depth: number): Entry {
    const keys = this.keys();
    this.expect('=');
    this.blanks();
    return { keys, value: this.value(depth) };
  }

  #quoted(mayHaveLines: boolean): string | undefined {
    for (const mark of mayHaveLines ? ['"""', "'''", '"', "'"] : ['"', "'"]) {
      if (this.take(mark)) return this.#until(mark);
    }
    return undefined;
  }

  #until(mark: string): string {
    const isLong = mark.length === 3;
    const hasEscapes = mark.startsWith('"');
    let text = '';
    while (!this.text.startsWith(mark, this.at)) {
      const char = this.text[this.at];
      if (char === undefined || (char === '\n' && !isLong)) throw this.failure();
      this.at += 1;
      text += char === '\\' && hasEscapes ? this.#escape(isLong) : char;
    }
    this.at += mark.length;
    // Up to two quotes may stand before the closing three.
    for (let extra = 0; isLong && extra < 2 && this.take(mark.charAt(0)); extra += 1) text += mark.charAt(0);
    return text;
  }

  /** Behind the backslash. */
  #escape(mayHaveLines: boolean): string {
    const char = this.text.charAt(this.at);
    const digits = { x: 2, u: 4, U: 8 }[char] ?? 0;
    if (digits > 0) return this.#codePoint(digits);
    const known = ESCAPES.get(char);
    if (known !== undefined) {
      this.at += 1;
      return known;
    }
    if (!mayHaveLines) throw this.failure();
    this.#match(LINE_END_AND_BLANKS);
    return '';
  }

  #codePoint(digits: number): string {
    const hex = this.text.slice(this.at + 1, this.at + 1 + digits);
    const code = Number.parseInt(hex, 16);
    if (hex.length < digits || !/^[0-9a-fA-F]+$/.test(hex) || code > 0x10_ff_ff) throw this.failure();
    this.at += 1 + digits;
    return String.fromCodePoint(code);
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found === undefined) throw this.failure();
    this.at += found.length;
    return found;
  }
}
