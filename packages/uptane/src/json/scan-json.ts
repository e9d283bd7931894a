// Walks JSON bytes once and proves two things: that they are the JSON we accept (else it says what is wrong and where),
// and whether they are the canonical form already. Builds no values: what is refused has cost a walk, whatever its shape.
// Source: RFC 8259, Uptane Standard #metadata_structures; canonical form as in canonical-json.ts
import { BYTE, isBlank, isDigit, refuse, stands } from './json-bytes.ts';
import { checkNewName, isRising, pushName, type NameStack } from './json-names.ts';
import { scanNumber } from './scan-number.ts';
import { scanString, type Findings } from './scan-string.ts';

/** JSON that has been walked. `ends` knows where its large containers end, by where they begin. */
export type ScannedJson = {
  readonly bytes: Buffer;
  readonly isCanonical: boolean;
  /** Canonical but for blanks. */
  readonly isSpacedOut: boolean;
  readonly isAscii: boolean;
  readonly ends: ReadonlyMap<number, number>;
};

type Scan = Findings & {
  readonly bytes: Buffer;
  readonly ends: Map<number, number>;
  readonly names: NameStack;
  hasBlanks: boolean;
};

/** Containers of at least so many bytes are worth remembering. */
export const LARGE = 4096;
const WORDS: ReadonlyMap<number, Buffer> = new Map(
  ['null', 'true', 'false'].map((word) => [word.charCodeAt(0), Buffer.from(word)]),
);

/** @throws CodedError JsonError, with the reason as code */
export function scanJson(received: Uint8Array, maxDepth: number): ScannedJson {
  const bytes = Buffer.from(received.buffer, received.byteOffset, received.byteLength);
  const names = { bytes, places: new Uint32Array(64), top: 0, sorting: 0 };
  const scan: Scan = { bytes, ends: new Map(), names, hasBlanks: false, isCanonical: true, isAscii: true };
  const end = skipBlanks(scan, scanValue(scan, skipBlanks(scan, 0), maxDepth));
  if (end < bytes.length) throw refuse(end, 'syntax', 'there is text after the value');
  const { ends, hasBlanks, isCanonical, isAscii } = scan;
  return {
    bytes,
    ends,
    isCanonical: isCanonical && !hasBlanks,
    isSpacedOut: isCanonical && hasBlanks,
    isAscii,
  };
}

/** Each function here takes where its part begins and gives where it ends. */
function scanValue(scan: Scan, at: number, depthLeft: number): number {
  const { bytes } = scan;
  const first = bytes[at];
  if (first === BYTE.quote) return scanString(bytes, at, scan);
  if (first === BYTE.openObject || first === BYTE.openArray) {
    if (depthLeft === 0) throw refuse(at, 'too_deep', 'values are nested too deep');
    const scanItems = first === BYTE.openObject ? scanObject : scanArray;
    const end = scanItems(scan, at, depthLeft - 1);
    if (end - at >= LARGE) scan.ends.set(at, end);
    return end;
  }
  return first === BYTE.minus || isDigit(first) ? scanNumber(bytes, at, scan) : scanWord(bytes, at);
}

function scanObject(scan: Scan, start: number, depthLeft: number): number {
  const { bytes, names } = scan;
  const base = names.top;
  let at = skipBlanks(scan, start + 1);
  if (bytes[at] === BYTE.closeObject) return at + 1;
  let hasOrder = true;
  let seen: Set<string> | undefined;
  for (;;) {
    if (bytes[at] !== BYTE.quote) throw refuse(at, 'syntax', 'a name is missing');
    const nameEnd = scanString(bytes, at, scan);
    pushName(names, at);
    // While names rise, none can occur twice.
    if (hasOrder && !isRising(names, base)) hasOrder = scan.isCanonical = false;
    if (!hasOrder) seen = checkNewName(names, base, seen);
    at = skipBlanks(scan, nameEnd);
    if (bytes[at] !== BYTE.colon) throw refuse(at, 'syntax', '":" is missing');
    at = skipBlanks(scan, scanValue(scan, skipBlanks(scan, at + 1), depthLeft));
    if (bytes[at] !== BYTE.comma) break;
    at = skipBlanks(scan, at + 1);
  }
  if (bytes[at] !== BYTE.closeObject) throw refuse(at, 'syntax', '"}" is missing');
  names.top = base;
  return at + 1;
}

function scanArray(scan: Scan, start: number, depthLeft: number): number {
  const { bytes } = scan;
  let at = skipBlanks(scan, start + 1);
  if (bytes[at] === BYTE.closeArray) return at + 1;
  for (;;) {
    at = skipBlanks(scan, scanValue(scan, at, depthLeft));
    if (bytes[at] !== BYTE.comma) break;
    at = skipBlanks(scan, at + 1);
  }
  if (bytes[at] !== BYTE.closeArray) throw refuse(at, 'syntax', '"]" is missing');
  return at + 1;
}

function scanWord(bytes: Buffer, start: number): number {
  const word = WORDS.get(bytes[start] ?? 0);
  if (word === undefined || !stands(word, bytes, start)) throw refuse(start, 'syntax', 'a value is missing');
  return start + word.length;
}

function skipBlanks(scan: Scan, start: number): number {
  let at = start;
  while (isBlank(scan.bytes[at])) at += 1;
  if (at > start) scan.hasBlanks = true;
  return at;
}
