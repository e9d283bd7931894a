// Numbers of JSON bytes: integers in plain form within 2^53, and nothing else. Source: RFC 8259 section 6
import { BYTE, isDigit, refuse } from './json-bytes.ts';
import type { Findings } from './scan-string.ts';

const MAX_EXACT_DIGITS = 15;

/** Where the number that begins here ends. @throws CodedError JsonError */
export function scanNumber(bytes: Buffer, start: number, findings: Findings): number {
  const first = bytes[start] === BYTE.minus ? start + 1 : start;
  if (!isDigit(bytes[first])) throw refuse(start, 'syntax', 'a value is missing');
  const end = bytes[first] === BYTE.zero ? first + 1 : skipDigits(bytes, first);
  if (hasFraction(bytes, end) || hasExponent(bytes, end))
    throw refuse(start, 'not_an_integer', 'a number is not written as an integer');
  if (end - first > MAX_EXACT_DIGITS && !Number.isSafeInteger(Number(bytes.toString('latin1', start, end))))
    throw refuse(start, 'number_too_large', 'a number is beyond 2^53');
  if (first > start && bytes[first] === BYTE.zero) findings.isCanonical = false;
  return end;
}

function hasFraction(bytes: Buffer, at: number): boolean {
  return bytes[at] === BYTE.point && isDigit(bytes[at + 1]);
}

function hasExponent(bytes: Buffer, at: number): boolean {
  const letter = bytes[at] ?? 0;
  if ((letter | 0x20) !== BYTE.letterE) return false;
  const sign = bytes[at + 1];
  return isDigit(sign === BYTE.minus || sign === BYTE.plus ? bytes[at + 2] : sign);
}

function skipDigits(bytes: Buffer, start: number): number {
  let at = start;
  while (isDigit(bytes[at])) at += 1;
  return at;
}
