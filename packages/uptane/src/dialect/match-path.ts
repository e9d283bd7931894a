// Path patterns of delegations: shell patterns as fnmatch reads them without flags, so that `*` also crosses `/` and a
// leading dot is nothing special; or folder by folder, as TUF reads them. Nothing is made of a pattern, and every step is
// counted: patterns come from outside, and a file can hold millions of them.
// Source: Uptane Standard #delegations; POSIX fnmatch; TUF specification 4.5
import { CodedError } from '../errors.ts';

/** Steps that are left, for all patterns together that one question is about. */
export type Steps = { left: number };

type Matching = {
  readonly pattern: string;
  readonly name: string;
  /** Whether wildcards stop at `/`. */
  readonly byFolder: boolean;
  readonly lastClose: number;
  readonly steps: Steps;
};

const STAR = 0x2a;
const QUESTION = 0x3f;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const BACKSLASH = 0x5c;
const SLASH = 0x2f;
const NOWHERE = -1;

/** @throws CodedError DecodeError `too_many_steps` */
export function matchesPath(pattern: string, name: string, steps: Steps): boolean {
  return matches({ pattern, name, byFolder: false, lastClose: pattern.lastIndexOf(']'), steps });
}

/** As TUF reads patterns: folder by folder, so that no wildcard crosses a `/`. @throws CodedError as matchesPath */
export function matchesPathByFolder(pattern: string, name: string, steps: Steps): boolean {
  return matches({ pattern, name, byFolder: true, lastClose: pattern.lastIndexOf(']'), steps });
}

/** Only the last star is tried again further on: one before it could not do better. */
function matches(matching: Matching): boolean {
  const { pattern, name, byFolder } = matching;
  let at = 0;
  let t = 0;
  let retry = { t: NOWHERE, at: 0 };
  while (at < name.length) {
    spend(matching, 1);
    const end = pattern.charCodeAt(t) === STAR ? NOWHERE : tokenEnd(matching, t, at);
    if (pattern.charCodeAt(t) === STAR) {
      t += 1;
      retry = { t, at };
    } else if (end !== NOWHERE) {
      t = end;
      at += widthAt(name, at);
    } else {
      if (retry.t === NOWHERE || (byFolder && name.charCodeAt(retry.at) === SLASH)) return false;
      retry = { t: retry.t, at: retry.at + widthAt(name, retry.at) };
      ({ t, at } = retry);
    }
  }
  while (pattern.charCodeAt(t) === STAR) {
    spend(matching, 1);
    t += 1;
  }
  return t === pattern.length;
}

/** Where the part of the pattern that begins at `t` ends, if it accepts the character at `at`; else NOWHERE. */
function tokenEnd(matching: Matching, t: number, at: number): number {
  const { pattern, name, byFolder } = matching;
  if (t >= pattern.length) return NOWHERE;
  const unit = pattern.charCodeAt(t);
  const isSlash = byFolder && name.charCodeAt(at) === SLASH;
  if (unit === QUESTION) return isSlash ? NOWHERE : t + 1;
  if (unit === OPEN) {
    const close = closeOf(matching, t);
    if (close !== NOWHERE) return !isSlash && isInSet(matching, t, close, at) ? close + 1 : NOWHERE;
  }
  const next = pattern.charCodeAt(t + 1);
  const isEscape = unit === BACKSLASH && t + 1 < pattern.length && !(byFolder && next === SLASH);
  const literal = isEscape ? t + 1 : t;
  return pattern.codePointAt(literal) === name.codePointAt(at)
    ? literal + widthAt(pattern, literal)
    : NOWHERE;
}

/** Where the set that opens at `t` closes; NOWHERE when the bracket stands for itself. The first member may be `]`. */
function closeOf(matching: Matching, t: number): number {
  const { pattern, byFolder, lastClose } = matching;
  const first = firstMember(pattern, t);
  if (first + 1 > lastClose) return NOWHERE;
  if (byFolder && pattern.charCodeAt(first) === SLASH) return NOWHERE;
  for (let at = first + widthAt(pattern, first); at <= lastClose; at += 1) {
    spend(matching, 1);
    const unit = pattern.charCodeAt(at);
    if (unit === CLOSE) return at;
    if (byFolder && unit === SLASH) return NOWHERE;
  }
  return NOWHERE;
}

function isInSet(matching: Matching, t: number, close: number, at: number): boolean {
  const { pattern, name } = matching;
  const wanted = name.codePointAt(at) ?? 0;
  const first = firstMember(pattern, t);
  const isNegated = first > t + 1;
  for (let member = first; member < close;) {
    spend(matching, 1);
    const low = pattern.codePointAt(member) ?? 0;
    const dash = member + widthAt(pattern, member);
    const isRange = pattern[dash] === '-' && dash + 1 < close;
    const high = isRange ? (pattern.codePointAt(dash + 1) ?? 0) : low;
    if (wanted >= low && wanted <= high) return !isNegated;
    member = isRange ? dash + 1 + widthAt(pattern, dash + 1) : dash;
  }
  return isNegated;
}

function firstMember(pattern: string, t: number): number {
  return pattern[t + 1] === '!' || pattern[t + 1] === '^' ? t + 2 : t + 1;
}

/** Of a character in UTF-16 units. */
function widthAt(text: string, at: number): number {
  return (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
}

function spend({ steps }: Matching, count: number): void {
  spendSteps(steps, count);
}

/** @throws CodedError DecodeError `too_many_steps` */
export function spendSteps(steps: Steps, count: number): void {
  steps.left -= count;
  if (steps.left >= 0) return;
  throw new CodedError('DecodeError', 'too_many_steps', 'The patterns take too long to compare.');
}
