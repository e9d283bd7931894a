// What is wrong with a document, one thing at a time, and what it is refused as.
import { generateKeyPairSync } from 'node:crypto';
import { DEFAULT_LIMITS, type TopLevelRole } from '../src/index.ts';

type Json = Record<string, unknown>;

/** The document after a change of its parts. */
export function changed(text: string, change: (signed: Json, document: Json) => void): string {
  const document = JSON.parse(text) as Json;
  change(document['signed'] as Json, document);
  return JSON.stringify(document);
}

/** A member `x` of `signed`, written as it stands here. */
const withRaw = (text: string, raw: string): string => text.replace('"signed":{', `"signed":{${raw},`);
const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({
  format: 'pem',
  type: 'spki',
});
const aKey = (root: Json): Json => Object.values(root['keys'] as Json)[0] as Json;
const delegating =
  (more: Json, keys: Json = {}) =>
  (signed: Json): void => {
    const role = { name: 'supplier', keyids: [], threshold: 1, paths: ['*'], terminating: false, ...more };
    signed['delegations'] = { keys, roles: [role] };
  };

export const TEXTS: ReadonlyMap<string, (text: string) => string | Uint8Array> = new Map<
  string,
  (text: string) => string | Uint8Array
>([
  ['values nested 65 deep', (text) => withRaw(text, `"x":${'['.repeat(63)}${']'.repeat(63)}`)],
  ['values nested a million deep', (text) => withRaw(text, `"x":${'['.repeat(1_000_000)}`)],
  ['a name that occurs twice', (text) => withRaw(text, '"x":1,"x":1')],
  ['a name that occurs twice, once escaped', (text) => withRaw(text, String.raw`"xy":1,"x\u0079":1`)],
  ['the members of a role twice', (text) => text.replace(/\}$/, ',"signed":{}}')],
  ['a number of 2^53', (text) => withRaw(text, '"x":9007199254740992')],
  ['a number of a hundred thousand digits', (text) => withRaw(text, `"x":${'9'.repeat(100_000)}`)],
  ['a number with a fraction', (text) => withRaw(text, '"x":1.0')],
  ['a number with an exponent', (text) => withRaw(text, '"x":1e3')],
  ['a number that is none', (text) => withRaw(text, '"x":NaN')],
  ['a number with a zero in front', (text) => withRaw(text, '"x":01')],
  ['half a surrogate pair', (text) => withRaw(text, String.raw`"x":"\ud800"`)],
  ['half a surrogate pair in a name', (text) => withRaw(text, String.raw`"\udc00":1`)],
  ['a control character in a string', (text) => withRaw(text, '"x":"\n"')],
  ['a byte order mark', (text) => `\ufeff${text}`],
  ['text after the document', (text) => `${text}{}`],
  ['half of a document', (text) => text.slice(0, text.length / 2)],
  ['bytes that are no UTF-8', (text) => Buffer.from(withRaw(text, '"x":"\u00ff"'), 'latin1')],
  ['a comment', (text) => `/* */${text}`],
  ['no members', () => '{}'],
  [
    '`signed` that is no object',
    (text) => changed(text, (_, document) => Object.assign(document, { signed: [] })),
  ],
  [
    '`signatures` that are no list',
    (text) => changed(text, (_, document) => Object.assign(document, { signatures: {} })),
  ],
  [
    'a signature that is no object',
    (text) => changed(text, (_, document) => Object.assign(document, { signatures: ['x'] })),
  ],
  [
    'a signature without a key id',
    (text) =>
      changed(text, (_, document) =>
        Object.assign(document, { signatures: [{ sig: '', method: 'ed25519' }] }),
      ),
  ],
  [
    'a signature that is a number',
    (text) =>
      changed(text, (_, document) =>
        Object.assign(document, { signatures: [{ keyid: 'a', method: 'ed25519', sig: 7 }] }),
      ),
  ],
  [
    'too many signatures',
    (text) =>
      changed(text, (_, document) => {
        const one = { keyid: 'a', method: 'ed25519', sig: '' };
        document['signatures'] = Array.from({ length: DEFAULT_LIMITS.signaturesPerDocument + 1 }, () => one);
      }),
  ],
  ['no version', (text) => changed(text, (signed) => Reflect.deleteProperty(signed, 'version'))],
  ['version 0', (text) => changed(text, (signed) => Object.assign(signed, { version: 0 }))],
  ['version -0', (text) => text.replace(/"version":\d+/g, '"version":-0')],
  ['version -1', (text) => changed(text, (signed) => Object.assign(signed, { version: -1 }))],
  ['version "1"', (text) => changed(text, (signed) => Object.assign(signed, { version: '1' }))],
  ['no expiry', (text) => changed(text, (signed) => Reflect.deleteProperty(signed, 'expires'))],
  ...[
    '2031-01-01',
    '2031-02-29T00:00:00Z',
    '2031-01-01T00:00:60Z',
    '2031-01-01T00:00:00.5Z',
    '2031-01-01T00:00:00+01:00',
    '',
    'x'.repeat(1_000_000),
  ].map((expires): [string, (text: string) => string] => [
    `an expiry of ${JSON.stringify(expires.slice(0, 30))}`,
    (text) => changed(text, (signed) => Object.assign(signed, { expires })),
  ]),
  ['an expiry that is a number', (text) => changed(text, (signed) => Object.assign(signed, { expires: 1 }))],
]);

type Change = (signed: Json) => void;
/** What is refused, and as what; a second code is that of plain TUF. */
export const CHANGES: readonly (readonly [TopLevelRole, string, Change, string, string?])[] = [
  ...([0, -1, 1001, 2 ** 53 - 1, '1', null, true] as const).map(
    (threshold): readonly [TopLevelRole, string, Change, string] => [
      'root',
      `a threshold of ${JSON.stringify(threshold)}`,
      (signed) => Object.assign((signed['roles'] as Record<string, Json>)['targets'] ?? {}, { threshold }),
      'IllegalThreshold::Targets',
    ],
  ),
  ...([0, -1, 1001, '1'] as const).map((threshold): readonly [TopLevelRole, string, Change, string] => [
    'targets',
    `a delegated role with a threshold of ${JSON.stringify(threshold)}`,
    delegating({ threshold }),
    'IllegalThreshold::supplier',
  ]),
  [
    'root',
    'a key of an unknown kind',
    (signed) => Object.assign(aKey(signed), { keytype: 'dsa' }),
    'SecurityException::Root',
    'taken',
  ],
  [
    'root',
    'a key that is junk',
    (signed) => Object.assign(aKey(signed), { keyval: { public: 'zz' } }),
    'SecurityException::Root',
    'taken',
  ],
  [
    'root',
    'an RSA key of 1024 bits',
    (signed) =>
      Object.assign(aKey(signed), { keytype: 'rsa', scheme: 'rsassa-pss-sha256', keyval: { public: weak } }),
    'SecurityException::Root',
    'taken',
  ],
  [
    'root',
    'a key that is no object',
    (signed) => Object.assign(signed, { keys: { a: 'key' } }),
    'SecurityException::Root',
  ],
  [
    'root',
    'a key without a type',
    (signed) => Object.assign(aKey(signed), { keytype: null }),
    'SecurityException::Root',
  ],
  [
    'root',
    'a key without a value',
    (signed) => Object.assign(aKey(signed), { keyval: null }),
    'SecurityException::Root',
  ],
  [
    'root',
    'a key id that is empty',
    (signed) => Object.assign(signed['keys'] as Json, { '': aKey(signed) }),
    'SecurityException::Root',
  ],
  [
    'root',
    'a key id of 257 characters',
    (signed) => Object.assign(signed['keys'] as Json, { ['k'.repeat(257)]: aKey(signed) }),
    'SecurityException::Root',
  ],
  [
    'root',
    'keys that are a list',
    (signed) => Object.assign(signed, { keys: [] }),
    'SecurityException::Root',
  ],
  [
    'root',
    'roles that are a list',
    (signed) => Object.assign(signed, { roles: [] }),
    'SecurityException::Root',
  ],
  [
    'timestamp',
    'no Snapshot',
    (signed) => Object.assign(signed, { meta: {} }),
    'SecurityException::Timestamp',
  ],
  [
    'timestamp',
    'a Snapshot named like a prototype',
    (signed) => Object.assign(signed, { meta: { constructor: { version: 1 } } }),
    'SecurityException::Timestamp',
  ],
  [
    'snapshot',
    'a version of a role that is text',
    (signed) => Object.assign(signed, { meta: { 'targets.json': { version: '1' } } }),
    'SecurityException::Snapshot',
  ],
  [
    'snapshot',
    'a role that is no object',
    (signed) => Object.assign(signed, { meta: { 'targets.json': 1 } }),
    'SecurityException::Snapshot',
  ],
  [
    'targets',
    'an image without a name',
    (signed) => Object.assign(signed, { targets: { '': { length: 1, hashes: {} } } }),
    'SecurityException::Targets',
  ],
  [
    'targets',
    'an image whose name has 1025 characters',
    (signed) => Object.assign(signed, { targets: { ['n'.repeat(1025)]: { length: 1, hashes: {} } } }),
    'SecurityException::Targets',
  ],
  [
    'targets',
    'an image whose name holds NUL',
    (signed) => Object.assign(signed, { targets: { 'a\u0000b': { length: 1, hashes: {} } } }),
    'SecurityException::Targets',
  ],
  [
    'targets',
    'an image of negative length',
    (signed) => Object.assign(signed, { targets: { a: { length: -1, hashes: {} } } }),
    'SecurityException::Targets',
  ],
  [
    'targets',
    'an image without a length',
    (signed) => Object.assign(signed, { targets: { a: { hashes: {} } } }),
    'SecurityException::Targets',
  ],
  [
    'targets',
    'an image whose hash is none',
    (signed) => Object.assign(signed, { targets: { a: { length: 1, hashes: { sha256: 'x' } } } }),
    'SecurityException::Targets',
  ],
  ['targets', 'a delegated role without a name', delegating({ name: '' }), 'SecurityException::Targets'],
  [
    'targets',
    'a delegated role whose name has 1025 characters',
    delegating({ name: 'n'.repeat(1025) }),
    'SecurityException::Targets',
  ],
  [
    'targets',
    'a delegated role named like a top-level one',
    delegating({ name: 'Snapshot' }),
    'SecurityException::Targets',
  ],
  [
    'targets',
    'a delegated role with a key id that is a number',
    delegating({ keyids: [7] }),
    'SecurityException::Targets',
  ],
  [
    'targets',
    'a delegated role that lists a key id twice',
    delegating({ keyids: ['a', 'a'] }),
    'taken',
    'SecurityException::Targets',
  ],
  [
    'targets',
    'a delegation of a key of an unknown kind',
    delegating({}, { a: { keytype: 'dsa', scheme: 'dsa', keyval: { public: '' } } }),
    'SecurityException::Targets',
    'taken',
  ],
];
/** Names from outside are data. */
export const PLAIN_DATA: readonly (readonly [TopLevelRole, string, Change])[] = [
  '__proto__',
  'constructor',
  '../../etc/passwd',
  '/etc/passwd',
  'a%2fb',
  'CON',
  '.',
].flatMap((name): readonly (readonly [TopLevelRole, string, Change])[] => [
  [
    'targets',
    `an image named "${name}"`,
    (signed) =>
      Object.assign(signed, { targets: JSON.parse(`{"${name}":{"length":1,"hashes":{}}}`) as Json }),
  ],
  ['targets', `a delegated role named "${name}"`, delegating({ name })],
  [
    'snapshot',
    `a role named "${name}"`,
    (signed) => Object.assign(signed, { meta: JSON.parse(`{"${name}":{"version":1}}`) as Json }),
  ],
  [
    'root',
    `a key id of "${name}"`,
    (signed) =>
      Object.assign(signed, { keys: JSON.parse(`{"${name}":${JSON.stringify(aKey(signed))}}`) as Json }),
  ],
]);
