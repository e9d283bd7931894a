// The language of expression groups: which device ids belong. `and` binds tighter than `or`, keywords are lower-case,
// device ids are compared without regard to case. An expression that cannot be read is answered with what is wrong and
// where, so that a person can repair it. `tag(…)` is part of the language but refused until tags exist.
// Source: server-protocol 8.4

const MAX_LENGTH = 200;
/** Deeper nesting than any person writes; bounds the recursion. */
const MAX_DEPTH = 20;

export type GroupExpression =
  | { readonly kind: 'contains'; readonly word: string }
  | { readonly kind: 'character'; readonly position: number; readonly is: string; readonly negated: boolean }
  | { readonly kind: 'and' | 'or'; readonly parts: readonly GroupExpression[] };

export type ParsedExpression =
  | { readonly kind: 'valid'; readonly expression: GroupExpression }
  | { readonly kind: 'invalid'; readonly position: number; readonly problem: string };

type Token = { readonly text: string; readonly position: number };
type Cursor = { readonly tokens: readonly Token[]; readonly end: number; next: number; depth: number };

class Unreadable extends Error {
  readonly position: number;
  constructor(position: number, problem: string) {
    super(problem);
    this.position = position;
  }
}

/** Positions count characters from 1. */
export function parseGroupExpression(text: string): ParsedExpression {
  if (text.trim() === '') return { kind: 'invalid', position: 1, problem: 'the expression is empty' };
  if (text.length > MAX_LENGTH) {
    return { kind: 'invalid', position: MAX_LENGTH + 1, problem: `more than ${MAX_LENGTH} characters` };
  }
  const cursor: Cursor = { tokens: tokenize(text), end: text.length + 1, next: 0, depth: 0 };
  try {
    const expression = parseAlternatives(cursor);
    const rest = cursor.tokens[cursor.next];
    if (rest !== undefined)
      throw new Unreadable(rest.position, `"and", "or" or the end expected before "${rest.text}"`);
    return { kind: 'valid', expression };
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return { kind: 'invalid', position: error.position, problem: error.message };
  }
}

/** `position(n) is not c` also holds for ids shorter than n: it is the plain opposite of `is`. */
export function expressionMatches(expression: GroupExpression, deviceId: string): boolean {
  switch (expression.kind) {
    case 'contains':
      return deviceId.toLowerCase().includes(expression.word.toLowerCase());
    case 'character': {
      const found = deviceId.charAt(expression.position - 1).toLowerCase() === expression.is.toLowerCase();
      return found !== expression.negated;
    }
    case 'and':
      return expression.parts.every((part) => expressionMatches(part, deviceId));
    case 'or':
      return expression.parts.some((part) => expressionMatches(part, deviceId));
  }
}

function tokenize(text: string): Token[] {
  return [...text.matchAll(/[()]|[^\s()]+/g)].map((match) => ({ text: match[0], position: match.index + 1 }));
}

function parseAlternatives(cursor: Cursor): GroupExpression {
  return parseChain(cursor, 'or', () => parseChain(cursor, 'and', () => parseAtom(cursor)));
}

function parseChain(cursor: Cursor, kind: 'and' | 'or', parsePart: () => GroupExpression): GroupExpression {
  const first = parsePart();
  const parts = [first];
  while (cursor.tokens[cursor.next]?.text === kind) {
    cursor.next += 1;
    parts.push(parsePart());
  }
  return parts.length === 1 ? first : { kind, parts };
}

function parseAtom(cursor: Cursor): GroupExpression {
  const token = take(cursor, 'a condition such as "deviceid contains WORD"');
  if (token.text === '(') {
    cursor.depth += 1;
    if (cursor.depth > MAX_DEPTH) throw new Unreadable(token.position, 'too many nested parentheses');
    const inner = parseAlternatives(cursor);
    expect(cursor, ')');
    cursor.depth -= 1;
    return inner;
  }
  if (token.text === 'tag') throw new Unreadable(token.position, 'there are no tags on this server yet');
  if (token.text !== 'deviceid')
    throw new Unreadable(token.position, `"deviceid" expected instead of "${token.text}"`);
  return parseCondition(cursor);
}

function parseCondition(cursor: Cursor): GroupExpression {
  const verb = take(cursor, '"contains" or "position(N)"');
  if (verb.text === 'contains') {
    const word = take(cursor, 'a word after "contains"');
    if (!/^[A-Za-z0-9-]+$/.test(word.text)) {
      throw new Unreadable(word.position, 'a word has letters, digits and hyphens alone');
    }
    return { kind: 'contains', word: word.text };
  }
  if (verb.text !== 'position') {
    throw new Unreadable(verb.position, `"contains" or "position(N)" expected instead of "${verb.text}"`);
  }
  expect(cursor, '(');
  const position = take(cursor, 'a number of 1 or more');
  if (!/^[1-9][0-9]{0,3}$/.test(position.text))
    throw new Unreadable(position.position, 'a number of 1 or more expected');
  expect(cursor, ')');
  expect(cursor, 'is');
  const negated = cursor.tokens[cursor.next]?.text === 'not';
  if (negated) cursor.next += 1;
  const character = take(cursor, 'one letter or digit');
  if (!/^[A-Za-z0-9]$/.test(character.text))
    throw new Unreadable(character.position, 'one letter or digit expected');
  return { kind: 'character', position: Number(position.text), is: character.text, negated };
}

function take(cursor: Cursor, expected: string): Token {
  const token = cursor.tokens[cursor.next];
  if (token === undefined)
    throw new Unreadable(cursor.end, `the expression ends where ${expected} is needed`);
  cursor.next += 1;
  return token;
}

function expect(cursor: Cursor, text: string): void {
  const token = take(cursor, `"${text}"`);
  if (token.text !== text)
    throw new Unreadable(token.position, `"${text}" expected instead of "${token.text}"`);
}
