// Where a fuzzer begins: valid inputs of every kind, and the corpus: inputs of earlier runs that reached what those do not.
import { readFileSync } from 'node:fs';
import { RepositorySimulator, offerDelegated } from '@ota-connect/testkit';
import { canonicalBytes, ecuVersionReport, jsonObject, vehicleVersionManifest } from '../../src/index.ts';
import { parseEcuSerial, type JsonValue } from '../../src/index.ts';

export type CorpusEntry = { readonly subject: string; readonly base64: string };

export const CORPUS = new URL('fixtures/corpus.json', import.meta.url);

export function corpus(): readonly CorpusEntry[] {
  return JSON.parse(readFileSync(CORPUS, 'utf8')) as CorpusEntry[];
}

/** By the name of the subject. */
export async function seedsFor(subject: string): Promise<readonly Uint8Array[]> {
  const known = corpus().filter((entry) => entry.subject === subject);
  return [...(await validInputs(subject)), ...known.map(({ base64 }) => Buffer.from(base64, 'base64'))];
}

async function validInputs(subject: string): Promise<readonly Uint8Array[]> {
  const texts = TEXTS.get(subject);
  if (texts !== undefined) return texts.map((text) => new TextEncoder().encode(text));
  if (subject === 'manifest') return [manifest()];
  const files = await documents();
  return subject === 'tuf' ? files.map(asTuf) : files;
}

const TEXTS: ReadonlyMap<string, readonly string[]> = new Map([
  ['json', ['{"a":[1,-2,true,false,null,"\\u00e9\\n"],"b":{"c":{}}}', ' { "b" : 0 , "a" : "\u{1f600}" } ']],
  ['instant', ['2030-01-01T00:00:00Z', '2028-02-29T23:59:59Z', '1900-02-28T12:30:30Z']],
  ['pattern', ['*.bin\ndir/app.bin', 'd?r/[a-c]*[!x]\ndir/bxy', '\\*[]a]*\n*]aa', '**a**b\nxaxb']],
  ['names', ['primary-1', 'a/b c', '\u00e9']],
  [
    'mapping',
    [
      '{"mapping":[{"paths":["*"],"repositories":["director","image"],"terminating":true,"threshold":2}],"repositories":{"director":["https://d"],"image":["https://i"]}}',
    ],
  ],
  [
    'key',
    [
      `{"keytype":"ED25519","keyval":{"public":"${'5a'.repeat(32)}"}}`,
      `{"keytype":"ed25519","keyval":{"public":"${'5a'.repeat(32)}"},"scheme":"ed25519"}`,
      '{"keytype":"RSA","keyval":{"public":"-----BEGIN PUBLIC KEY-----\\nMFkw\\n-----END PUBLIC KEY-----"}}',
      '{"keytype":"ecdsa","keyval":{"public":"x"},"scheme":"ecdsa-sha2-nistp256"}',
    ],
  ],
]);

async function documents(): Promise<readonly Uint8Array[]> {
  const simulator = await RepositorySimulator.create();
  simulator.offer('app.bin');
  await offerDelegated(simulator);
  await simulator.publish();
  return [simulator.director, simulator.image].flatMap(({ files }) => [...files.values()]);
}

/** Not signed by anyone: readers come before signatures. */
function asTuf(bytes: Uint8Array): Uint8Array {
  const text = new TextDecoder().decode(bytes);
  const { signed } = JSON.parse(text) as { signed: Record<string, unknown> };
  const title = String(signed['_type']).toLowerCase();
  const keys = JSON.stringify(signed)
    .replaceAll('"keytype":"ED25519"', '"scheme":"ed25519","keytype":"ed25519"')
    .replaceAll('"hardwareIds"', '"x"');
  const parts = { ...(JSON.parse(keys) as object), _type: title, spec_version: '1.0.34' };
  return new TextEncoder().encode(JSON.stringify({ signatures: [{ keyid: 'k', sig: '00' }], signed: parts }));
}

function manifest(): Uint8Array {
  const primary = parseEcuSerial('primary-1');
  const installed = { name: 'app.bin', lengthBytes: 3, sha256: 'ab'.repeat(32) };
  const report = ecuVersionReport({ ecuSerial: primary, installed, attacksDetected: '', reportCounter: 3 });
  const signature: JsonValue = jsonObject([
    [
      'hash',
      jsonObject([
        ['digest', 'ab'],
        ['function', 'sha256'],
      ]),
    ],
    ['keyid', 'k'],
    ['method', 'ed25519'],
    ['sig', ''],
  ]);
  const sign = (signed: JsonValue): JsonValue =>
    jsonObject([
      ['signatures', [signature]],
      ['signed', signed],
    ]);
  const reports = new Map([[primary, sign(report)]]);
  return canonicalBytes(sign(vehicleVersionManifest({ primary, reports, vehicleId: 'v' })));
}
