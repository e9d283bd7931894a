import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { canonicalBytes, canonicalText } from '../json/canonical-json.ts';
import { jsonObject, type JsonValue } from '../json/value.ts';
import { readEnvelope } from './envelope.ts';

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const signature = (sig: string): JsonValue =>
  jsonObject([
    ['keyid', 'k'],
    ['method', 'ed25519'],
    ['sig', sig],
  ]);

describe('envelope', () => {
  it('finds the signed bytes alike in a canonical document and in any other form of it', () => {
    const member = fc.tuple(fc.string(), fc.oneof(fc.string(), fc.maxSafeInteger(), fc.constant(null)));
    fc.assert(
      fc.property(fc.array(member), fc.array(fc.string(), { maxLength: 3 }), (members, signatures) => {
        const signed = jsonObject(new Map(members));
        const document = jsonObject([
          ['signatures', signatures.map(signature)],
          ['signed', signed],
        ]);
        const loose = new TextEncoder().encode(JSON.stringify(document, undefined, 1));
        for (const received of [canonicalBytes(document), loose]) {
          const envelope = readEnvelope(received);
          assert.equal(text(envelope.signedBytes), canonicalText(signed));
          assert.equal(envelope.received, received);
        }
      }),
    );
  });

  it('finds them beside members that nobody knows', () => {
    for (const extra of ['a', 'signature', 'sigz', 'z']) {
      const document = jsonObject([
        [extra, 1],
        ['signatures', []],
        [
          'signed',
          jsonObject([
            ['b', 1],
            ['a', '\u00fc'],
          ]),
        ],
      ]);
      assert.equal(text(readEnvelope(canonicalBytes(document)).signedBytes), '{"a":"\\u00fc","b":1}');
    }
  });

  it('finds them where names are sorted in another way than bytes are', () => {
    const received = new TextEncoder().encode('{"signatures":[],"signed":{"\u{1f600}":1,"\uffee":2}}');
    assert.equal(text(readEnvelope(received).signedBytes), '{"\\uffee":2,"\\ud83d\\ude00":1}');
  });
});
