import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { olpcText } from '@ota-connect/testkit';
import fc from 'fast-check';
import { jsonValues, looseTexts } from '../../test/loose-json.ts';
import { canonicalBytes } from './canonical-json.ts';
import { olpcBytes } from './olpc-json.ts';
import { viewStrictJson } from './strict-json.ts';

const textOf = (bytes: Uint8Array): string => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);

describe('OLPC canonical JSON', () => {
  it('is what a plain writer writes, of any value and however a document is written', () => {
    fc.assert(
      fc.property(looseTexts(), ([value, text]) => {
        const { bytes } = viewStrictJson(new TextEncoder().encode(text), 64);
        assert.equal(textOf(olpcBytes(bytes)), olpcText(value));
      }),
    );
  });

  it('is the same bytes as our own form while nothing is escaped', () => {
    const canonical = canonicalBytes({ a: [1, null, true], b: 'plain' });
    assert.equal(olpcBytes(canonical), canonical);
  });

  for (const [name, text] of [
    ['controls', '\u0000\u0001\b\t\n\f\r\u001f\u007f'],
    ['quotes', '"\\/'],
    ['two, three and four bytes', '\u0080\u07ff\u0800\ud7ff\ue000\uffff\u{10000}\u{10ffff}'],
    ['a letter behind a backslash', '\\n\\u0041'],
  ] as const) {
    it(`writes ${name} as they are`, () => {
      const escaped = text.replaceAll(/["\\]/g, String.raw`\$&`);
      assert.equal(textOf(olpcBytes(canonicalBytes({ [text]: text }))), `{"${escaped}":"${escaped}"}`);
    });
  }

  it('tells any two values apart that our own form tells apart', () => {
    fc.assert(
      fc.property(jsonValues(), jsonValues(), (a, b) => {
        const same = Buffer.compare(canonicalBytes(a), canonicalBytes(b)) === 0;
        assert.equal(Buffer.compare(olpcBytes(canonicalBytes(a)), olpcBytes(canonicalBytes(b))) === 0, same);
      }),
    );
  });
});
