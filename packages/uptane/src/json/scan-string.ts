// Strings of JSON bytes: where one ends, whether it is well-formed, and whether it is written as the canonical form
// writes it. Source: RFC 8259 section 7; canonical form as in canonical-json.ts
import { CodedError } from '../errors.ts';
import { BYTE, isHexDigit, ORDINARY, refuse } from './json-bytes.ts';

/** What a scan learns on its way. */
export type Findings = {
  isCanonical: boolean;
  /** False once something beyond ASCII was met; then all of the bytes are known to be UTF-8. */
  isAscii: boolean;
};

/** What stands behind the backslash, as the unit it means. */
const SHORT_ESCAPES: ReadonlyMap<number, number> = new Map(
  Object.entries({ '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }).map(
    ([letter, meaning]) => [letter.charCodeAt(0), meaning.charCodeAt(0)],
  ),
);
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const HAS_SHORT: ReadonlySet<number> = new Set(SHORT_ESCAPES.values());

/** Where the string that begins here ends. @throws CodedError JsonError */
export function scanString(bytes: Buffer, start: number, findings: Findings): number {
  let at = start + 1;
  while (ORDINARY[bytes[at] ?? 0] === 1) at += 1;
  return bytes[at] === BYTE.quote ? at + 1 : scanOddString(bytes, at, findings);
}

/** From the first byte on that does not stand for itself. Halves are told last, as broken text matters more. */
function scanOddString(bytes: Buffer, start: number, findings: Findings): number {
  let hasHalf = false;
  let highBefore = false;
  let at = start;
  while (bytes[at] !== BYTE.quote) {
    const byte = bytes[at] ?? 0;
    if (byte < 0x20) throw refuse(at, 'syntax', 'a string does not end or holds a control character');
    const isEscape = byte === BYTE.backslash;
    const unit = isEscape ? escapedUnit(bytes, at) : byte;
    if (isEscape && !isCanonicalEscape(bytes, at, unit)) findings.isCanonical = false;
    if (byte >= 0x80 && findings.isAscii) meetUtf8(bytes, findings);
    if (isLow(unit) !== highBefore) hasHalf = true;
    highBefore = isHigh(unit);
    if (!isEscape) at += 1;
    else at += bytes[at + 1] === BYTE.letterU ? 6 : 2;
  }
  if (hasHalf || highBefore) throw refuse(start, 'half_surrogate', 'a string holds half a surrogate pair');
  return at + 1;
}

function meetUtf8(bytes: Buffer, findings: Findings): void {
  findings.isAscii = findings.isCanonical = false;
  try {
    UTF8.decode(bytes);
  } catch (cause) {
    throw new CodedError('JsonError', 'invalid_utf8', 'The text is not valid UTF-8.', { cause });
  }
}

/** What the escape here means, as a UTF-16 unit. @throws CodedError JsonError */
export function escapedUnit(bytes: Buffer, at: number): number {
  if (bytes[at + 1] !== BYTE.letterU) {
    const unit = SHORT_ESCAPES.get(bytes[at + 1] ?? 0);
    if (unit === undefined) throw refuse(at, 'syntax', 'an escape is unknown');
    return unit;
  }
  let unit = 0;
  for (let digit = at + 2; digit < at + 6; digit += 1) {
    const byte = bytes[digit];
    if (!isHexDigit(byte)) throw refuse(at, 'syntax', 'an escape is unknown');
    unit = unit * 16 + (byte <= 0x39 ? byte - 0x30 : (byte | 0x20) - 0x57);
  }
  return unit;
}

/** The writer's own choice: the short escape where there is one, else four lower-case digits; `/` plain. */
function isCanonicalEscape(bytes: Buffer, at: number, unit: number): boolean {
  if (bytes[at + 1] !== BYTE.letterU) return bytes[at + 1] !== BYTE.slash;
  for (let digit = at + 2; digit < at + 6; digit += 1) {
    const byte = bytes[digit] ?? 0;
    if (byte > 0x39 && byte < 0x61) return false;
  }
  return unit < 0x20 ? !HAS_SHORT.has(unit) : unit >= 0x80;
}

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}
