// What is fuzzed: each reader of bytes or text from outside, with what has to hold when it takes them. A refusal is a
// CodedError whose causes are ours too: a TypeError that a refusal wraps is a bug that looks like one.
import assert from 'node:assert/strict';
import { canonicalText, parseStrictJson } from '../../src/index.ts';
import { CodedError, parseEnvelope, parseInstant, parsePublicKey } from '../../src/index.ts';
import { parseCorrelationId, parseEcuSerial, parseHardwareId } from '../../src/index.ts';
import { parseKeyId, parseRepositoryMapping, parseRoot, parseSnapshot } from '../../src/index.ts';
import { parseTargetName, parseTargets, parseTimestamp, parseVehicleManifest } from '../../src/index.ts';
import { TUF_DIALECT, UPTANE_DIALECT, verifySignature } from '../../src/index.ts';
import type { Dialect, Envelope, StoredRole } from '../../src/index.ts';
import { matchesPath, matchesPathByFolder } from '../../src/dialect/match-path.ts';
import { plainCanonical, plainInstant, plainJson, plainMatch, textOf } from './plain-readers.ts';
import { tufEscape, uptaneEscape } from './plain-readers.ts';

export type Subject = {
  readonly name: string;
  /** Takes the input, with everything that has to hold then; or throws what the reader throws. */
  readonly read: (input: Uint8Array) => void;
  /** The most that a byte of input may cost, in steps. */
  readonly maxSteps?: number;
};

type Plain = Readonly<Record<string, unknown>>;

const ROLES: readonly StoredRole[] = ['root', 'timestamp', 'snapshot', 'targets', { delegation: 'd' }];

export const SUBJECTS: readonly Subject[] = [
  { name: 'json', read: readJson },
  { name: 'uptane', read: (input) => readDocument(input, UPTANE_DIALECT) },
  { name: 'tuf', read: (input) => readDocument(input, TUF_DIALECT) },
  { name: 'manifest', read: readManifest },
  { name: 'mapping', read: (input) => void parseRepositoryMapping(input) },
  { name: 'key', read: readKey },
  { name: 'instant', read: readInstant },
  // Each star may try every place in the name.
  { name: 'pattern', read: readPattern, maxSteps: 3000 },
  { name: 'names', read: readNames },
];

/** Whether it was taken. @throws what is no refusal */
export function judge({ read }: Subject, input: Uint8Array): boolean {
  try {
    read(input);
    return true;
  } catch (error) {
    if (isRefusal(error)) return false;
    throw error;
  }
}

/** Bytes that are no UTF-8 and keys that are none are found out by the platform. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof CodedError)) return false;
  const fromPlatform = error.code === 'invalid_utf8' || error.family === 'KeyError';
  return error.cause === undefined || fromPlatform || isRefusal(error.cause);
}

function readJson(input: Uint8Array): void {
  const expected = outcome(() => plainCanonical(plainJson(input), uptaneEscape));
  const found = outcome(() => canonicalText(parseStrictJson(input)));
  if (textOf(input) === undefined) assert.match(found, /^refused/);
  else assert.equal(found, expected);
}

function readDocument(input: Uint8Array, dialect: Dialect): void {
  let last: unknown;
  for (const role of ROLES) {
    try {
      const envelope = parseEnvelope(input, { role, dialect });
      const plain = plainJson(input) as { readonly signed: Plain };
      const escape = dialect.name === 'tuf' ? tufEscape : uptaneEscape;
      const signed = plainCanonical(plain.signed, escape);
      assert.equal(new TextDecoder().decode(envelope.signedBytes), signed);
      assert.equal(new TextDecoder().decode(envelope.documentBytes), plainCanonical(plain, uptaneEscape));
      readRole(envelope, role, plain.signed);
      const again = parseEnvelope(envelope.documentBytes, { role, dialect });
      assert.deepEqual(again.signedBytes, envelope.signedBytes);
      assert.deepEqual(again.signatures, envelope.signatures);
      return;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      last = error;
    }
  }
  throw last;
}

/** The view against the plain reading of `signed`. */
function readRole(envelope: Envelope, role: StoredRole, plain: Plain): void {
  const view =
    role === 'root'
      ? readRoot(envelope, plain)
      : role === 'timestamp'
        ? parseTimestamp(envelope)
        : role === 'snapshot'
          ? readSnapshot(envelope, plain)
          : readTargets(envelope, role, plain);
  assert.equal(view.version, plain['version']);
  assert.ok(Number.isSafeInteger(view.version) && view.version >= 1);
  assert.equal(view.expires, plainInstant(plain['expires'] as string));
}

function readRoot(envelope: Envelope, plain: Plain) {
  const root = parseRoot(envelope);
  assert.ok(parseRoot(envelope, 'director').roles.size >= 2);
  const listed = plain['roles'] as Readonly<Record<string, Plain>>;
  assert.equal(root.roles.size, 4);
  for (const [name, { keyIds, threshold }] of root.roles) {
    assert.deepEqual(keyIds, listed[name]?.['keyids']);
    assert.equal(threshold, listed[name]?.['threshold']);
    assert.ok(threshold >= 1 && threshold <= 1000);
  }
  for (const id of root.keys.keys()) assert.ok(Object.hasOwn(plain['keys'] as Plain, id));
  return root;
}

function readSnapshot(envelope: Envelope, plain: Plain) {
  const snapshot = parseSnapshot(envelope);
  const meta = plain['meta'] as Readonly<Record<string, Plain>>;
  assert.deepEqual([...snapshot.roles.keys()].toSorted(), Object.keys(meta).toSorted());
  for (const [name, { version }] of snapshot.roles) assert.equal(version, meta[name]?.['version']);
  return snapshot;
}

function readTargets(envelope: Envelope, role: Extract<StoredRole, 'targets' | object>, plain: Plain) {
  const view = parseTargets(envelope, undefined, role);
  const listed = plain['targets'] as Readonly<Record<string, Plain>>;
  assert.equal(view.targets.size, Object.keys(listed).length);
  for (const [name, entry] of Object.entries(listed)) {
    const found = view.targets.get(name);
    assert.equal(found?.name, name);
    assert.equal(found.lengthBytes, entry['length']);
    for (const [kind, digest] of Object.entries(found.hashes)) {
      assert.equal(digest, ((entry['hashes'] as Plain)[kind] as string).toLowerCase());
    }
  }
  assert.equal([...view.targets.values()].length, view.targets.size);
  for (const name of ['__proto__', 'toString', 'constructor']) {
    assert.equal(view.targets.has(name), Object.hasOwn(listed, name));
  }
  return view;
}

function readManifest(input: Uint8Array): void {
  const manifest = parseVehicleManifest(input);
  const { signed } = plainJson(input) as { readonly signed: Plain };
  assert.equal(new TextDecoder().decode(manifest.envelope.signedBytes), plainCanonical(signed, uptaneEscape));
  assert.equal(manifest.primary, signed['primary_ecu_serial']);
  for (const [serial, { envelope, report }] of manifest.ecus) {
    assert.equal(report.ecuSerial, serial);
    assert.equal(new TextDecoder().decode(envelope.signedBytes), canonicalText(envelope.signed));
  }
}

function readKey(input: Uint8Array): void {
  const value = parseStrictJson(input);
  const message = new Uint8Array(3);
  const tuf = TUF_DIALECT.readKey(value);
  const signature = { keyid: 'k', method: 'ed25519', sig: 'AAAA' };
  if (tuf !== undefined) assert.equal(TUF_DIALECT.verify(tuf, { ...signature, sig: '00' }, message), false);
  const key = parsePublicKey(value);
  for (const method of ['ed25519', 'rsassa-pss', 'rsassa-pss-sha256', 'ecdsa']) {
    assert.equal(verifySignature(key, { ...signature, method }, message), false);
  }
}

function readInstant(input: Uint8Array): void {
  const text = new TextDecoder().decode(input);
  const expected = plainInstant(text);
  const found = outcome(() => String(parseInstant(text)));
  assert.equal(found, expected === undefined ? 'refused: invalid_time' : String(expected));
}

/** The pattern, then the name, each on a line of its own. Long ones are for the count of steps alone. */
function readPattern(input: Uint8Array): void {
  const [pattern = '', name = ''] = new TextDecoder().decode(input).split('\n');
  const found = matchesPath(pattern, name, { left: 1_000_000 });
  const byFolder = matchesPathByFolder(pattern, name, { left: 1_000_000 });
  if (pattern.length * name.length > 400 || pattern.split('*').length > 4) return;
  assert.equal(found, plainMatch(pattern, name));
  const [patterns, folders] = [pattern.split('/'), name.split('/')];
  const all = patterns.every((one, index) => plainMatch(one, folders[index] ?? ''));
  assert.equal(byFolder, patterns.length === folders.length && all);
}

function readNames(input: Uint8Array): void {
  const text = new TextDecoder().decode(input);
  const readers = [parseEcuSerial, parseHardwareId, parseKeyId, parseTargetName, parseCorrelationId];
  const bounds = [64, 200, 256, 1024, 512];
  const isClean = text.isWellFormed() && Array.from(text).every((unit) => unit >= ' ' && unit !== '\u007f');
  for (const [index, reader] of readers.entries()) {
    const fits = isClean && text.length >= 1 && text.length <= (bounds[index] ?? 0);
    assert.equal(
      outcome(() => reader(text)),
      fits ? text : 'refused: invalid_identifier',
    );
  }
}

function outcome(read: () => string): string {
  try {
    return read();
  } catch (error) {
    if (isRefusal(error)) return `refused: ${(error as CodedError).code}`;
    throw error;
  }
}
