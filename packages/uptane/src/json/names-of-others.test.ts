import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decode } from './json-view.ts';
import { parseStrictJson, viewStrictJson } from './strict-json.ts';

const DEPTH = 32;
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

// V8's own parser takes the second name for the first: nodejs/node#63785. The first document poisons all later ones.
const POISONS = [String.raw`{"q":1,"targets\\":1}`, String.raw`{"S\\":1}`, String.raw`{"B\\":1}`];
const VICTIMS: readonly (readonly [string, readonly string[]])[] = [
  [String.raw`{"q":1,"targets\u0041":1}`, ['q', 'targetsA']],
  [String.raw`{"S\u00e9":1}`, ['S\u00e9']],
  [String.raw`{"B\"7":1}`, ['B"7']],
  [String.raw`{"a":[{"S\u00e9":"x\\y"}],"b":"\n"}`, ['a', 'b']],
];

describe('names with escapes', () => {
  for (const [victim, names] of VICTIMS) {
    it(`of ${victim} stay their own, whatever documents were read before [5.2.1-2]`, () => {
      for (const poison of POISONS) {
        JSON.parse(poison);
        parseStrictJson(bytesOf(poison));
        decode(viewStrictJson(bytesOf(poison), DEPTH));
      }
      assert.deepEqual(Object.keys(parseStrictJson(bytesOf(victim)) as object), names);
      assert.deepEqual(Object.keys(decode(viewStrictJson(bytesOf(victim), DEPTH)) as object), names);
    });
  }

  it('come in the order of their code points, escaped or not', () => {
    const [low, high] = ['\ud83d\ude00', '\uff00'];
    const text = `{"b":0,"${low}":1,"\\uff00":2,"a\\u0001":3,"a":4,"\\ud83d\\ude01":5}`;
    const decoded = decode(viewStrictJson(bytesOf(text), DEPTH)) as object;
    assert.deepEqual(Object.keys(decoded), ['a', 'a\u0001', 'b', high, low, '\ud83d\ude01']);
  });
});
