// Random changes of bytes: of single ones, of spans, and of JSON as a tree, with what breaks readers at hand.

/** Of its seed alone. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 0 to `below` - 1. */
  below(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % Math.max(1, below);
  }

  pick<T>(list: readonly T[], otherwise: T): T {
    return list[this.below(list.length)] ?? otherwise;
  }
}

const TOKENS = [
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '"',
  '\\',
  '\\u',
  '\\u0000',
  '\\ud800',
  '\\udc00',
  '\\ud83d\\ude00',
  '-0',
  '-1',
  '0',
  '1e3',
  '1.0',
  '2',
  '9007199254740991',
  '9007199254740992',
  '9223372036854775808',
  '1e999',
  'null',
  'true',
  'NaN',
  '\u0000',
  '\ufeff',
  '\u00e9',
  'e\u0301',
  '\u{1f600}',
  '"__proto__"',
  '"constructor"',
  '"toString"',
  '"hasOwnProperty"',
  '*',
  '?',
  '[!a-z]',
  '[]',
  '[a',
  '/',
  '../',
  '2030-01-01T00:00:00Z',
  '9999-12-31T23:59:60Z',
  '2028-02-29T00:00:00Z',
  'Root',
  'targets',
  '{"a":1,"a":2}',
  '[[[[[[[[',
  '"":',
  'sha256',
  'ed25519',
];
const VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1,
  2,
  1001,
  2 ** 53,
  1.5,
  '',
  '0',
  'a',
  '__proto__',
  'targets',
  [],
  {},
  [null],
  ['a', 'a'],
  { a: 1 },
  '*',
  '\ud800',
  '2030-01-01T00:00:00Z',
  'ab'.repeat(32),
  'x'.repeat(300),
  [[[[]]]],
  { ['__proto__']: 1 },
];
const MAX_BYTES = 8192;

export function mutate(bytes: Uint8Array, others: readonly Uint8Array[], random: Random): Uint8Array {
  let result = bytes;
  for (let left = 1 + random.below(3); left > 0; left -= 1) result = mutateOnce(result, others, random);
  return result.subarray(0, MAX_BYTES);
}

function mutateOnce(bytes: Uint8Array, others: readonly Uint8Array[], random: Random): Uint8Array {
  const at = random.below(bytes.length + 1);
  const end = Math.min(bytes.length, at + 1 + random.below(random.below(2) === 0 ? 4 : 64));
  const kind = random.below(10);
  if (kind < 3) return mutateTree(bytes, random) ?? splice(bytes, at, end, new Uint8Array());
  if (kind === 3) return splice(bytes, at, at, encode(random.pick(TOKENS, '')));
  if (kind === 4) return splice(bytes, at, end, encode(random.pick(TOKENS, '')));
  if (kind === 5) return splice(bytes, at, end, new Uint8Array());
  if (kind === 6) return splice(bytes, end, end, bytes.subarray(at, end));
  if (kind === 7) {
    const other = random.pick(others, bytes);
    return splice(bytes, at, end, other.subarray(random.below(other.length), other.length));
  }
  const copy = bytes.slice();
  if (at < copy.length) copy[at] = kind === 8 ? random.below(256) : (copy[at] ?? 0) ^ (1 << random.below(8));
  return copy;
}

/** A value or a member of it somewhere; undefined when it is no JSON. */
function mutateTree(bytes: Uint8Array, random: Random): Uint8Array | undefined {
  let tree: unknown;
  try {
    tree = JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  const places: { holder: Record<string, unknown>; name: string }[] = [];
  const collect = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const name of Object.keys(value)) {
      const holder = value as Record<string, unknown>;
      places.push({ holder, name });
      collect(holder[name]);
    }
  };
  collect(tree);
  const place = places[random.below(places.length)];
  if (place === undefined) return undefined;
  const { holder, name } = place;
  const kind = random.below(4);
  if (kind === 0 && !Array.isArray(holder)) delete holder[name];
  else if (kind === 1) holder[name] = random.pick(VALUES, null);
  else if (kind === 2) {
    const other = places[random.below(places.length)];
    holder[name] = other === undefined ? null : structuredClone(other.holder[other.name]);
  } else {
    const value = structuredClone(holder[name]);
    const to = random.pick(['__proto__', 'toString', '', name, 'zz'], '');
    Object.defineProperty(holder, to, { value, enumerable: true, configurable: true, writable: true });
  }
  return encode(JSON.stringify(tree));
}

function splice(bytes: Uint8Array, start: number, end: number, put: Uint8Array): Uint8Array {
  return Buffer.concat([bytes.subarray(0, start), put, bytes.subarray(end)]);
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
