import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { CodedError } from '../errors.ts';
import { canonicalBytes, canonicalText } from '../json/canonical-json.ts';
import { jsonObject, type JsonValue } from '../json/value.ts';
import { DEFAULT_LIMITS } from '../limits.ts';
import { parseEnvelope, readEnvelope } from './envelope.ts';

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

  it('keeps the received bytes as the canonical form where they are, and writes it where they are not', () => {
    const text = '{"signatures":[],"signed":{"a":1,"b":2}}';
    const received = new TextEncoder().encode(text);
    assert.equal(readEnvelope(received).documentBytes, received);
    const loose = new TextEncoder().encode('{"signed":{"b":2,"a":1}, "signatures":[]}');
    assert.equal(new TextDecoder().decode(readEnvelope(loose).documentBytes), text);
  });

  it('counts signatures before it reads them', () => {
    const received = (count: number): Uint8Array =>
      new TextEncoder().encode(
        `{"signatures":[${Array(count).fill('0').join(',')}],"signed":{"_type":"Root"}}`,
      );
    const limits = { ...DEFAULT_LIMITS, signaturesPerDocument: 3 };
    assert.throws(() => parseEnvelope(received(4), { role: 'root' }, limits), /too many signatures/);
    assert.throws(
      () => parseEnvelope(received(3), { role: 'root' }, limits),
      /"signatures\[0\]" is the number 0/,
    );
  });

  it('is refused for a type or a signature of many bytes, which nobody has signed yet', () => {
    const read = (type: string, signature: string) => () =>
      parseEnvelope(new TextEncoder().encode(`{"signatures":[${signature}],"signed":{"_type":${type}}}`), {
        role: 'root',
      });
    const sig = (text: string): string => `{"keyid":"a","method":"ed25519","sig":${text}}`;
    const long = `"${'a'.repeat(4095)}"`;
    assert.doesNotThrow(read('"Root"', sig(long.replace('a', ''))));
    assert.throws(read(long, ''), /"_type" is longer than 4096 bytes/);
    assert.throws(read('"Root"', sig(long)), /"signatures\[0\]\.sig" is longer than 4096 bytes/);
    assert.throws(read('["\\\\",1]', ''), /"_type" is an array/);
    assert.throws(read('"Root"', sig('{"a":"\\\\"}')), /"signatures\[0\]\.sig" is an object/);
  });

  it('quotes nothing that a terminal or a log would act on', () => {
    const read = (type: string, method: string) => () =>
      parseEnvelope(
        new TextEncoder().encode(
          `{"signatures":[{"keyid":"a","method":"${method}","sig":""}],"signed":{"_type":"${type}"}}`,
        ),
        { role: 'root' },
      );
    assert.throws(read('a\\n\\u001b[2J', 'ed25519'), /it says that it is "a\?\?\[2J"/);
    assert.throws(read('Root', 'x\\r\\u202e'), /the signature method "x\?\?" is unknown/);
  });

  for (const text of [
    '[]',
    '1',
    '{}',
    '{"signatures":[]}',
    '{"signatures":[],"signed":[]}',
    '{"signed":{}}',
    '{"signatures":{},"signed":{}}',
  ]) {
    it(`refuses ${text}`, () => {
      assert.throws(
        () => readEnvelope(new TextEncoder().encode(text)),
        (error) => error instanceof CodedError && error.family === 'DecodeError',
      );
    });
  }
});
