import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { jsonValues } from '../../test/loose-json.ts';
import { canonicalText } from './canonical-json.ts';
import { compactJson } from './compact-json.ts';
import { scanJson } from './scan-json.ts';

const DEPTH = 64;

/** Canonical text with a blank wherever one may stand. */
function spacedOut(text: string, blanks: readonly string[]): string {
  let count = 0;
  const blank = (): string => blanks[(count += 1) % blanks.length] ?? ' ';
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^"{}[\],:]+/g) ?? [];
  return tokens.map((token) => blank() + token).join('') + blank();
}

describe('compacting JSON that is canonical but for blanks', () => {
  const blanks = fc.array(fc.constantFrom('', ' ', '\n  ', '\t', '\r\n'), { minLength: 1, maxLength: 9 });

  it('gives the canonical form, of any value', () => {
    fc.assert(
      fc.property(jsonValues(), blanks, (value, between) => {
        const text = canonicalText(value);
        const scanned = scanJson(Buffer.from(spacedOut(text, between)), DEPTH);
        assert.equal(scanned.isCanonical || scanned.isSpacedOut, true);
        assert.equal(compactJson(scanned.bytes).bytes.toString(), text);
      }),
    );
  });

  it('knows where large containers end, as a scan of the result does', () => {
    const large = fc.array(jsonValues(), { minLength: 20, maxLength: 40 }).map((items) => {
      const filled = [...items, 'x'.repeat(5000)];
      return { a: { b: filled, c: filled }, b: filled };
    });
    fc.assert(
      fc.property(large, blanks, (value, between) => {
        const compact = compactJson(Buffer.from(spacedOut(canonicalText(value), between)));
        const scanned = scanJson(compact.bytes, DEPTH);
        assert.deepEqual(compact.ends, scanned.ends);
        assert.ok(scanned.isCanonical);
      }),
      { numRuns: 20 },
    );
  });

  it('is for nothing else', () => {
    for (const text of ['{"b":0, "a":0}', '[ "\\u0041"]', '[ "\u00e9"]', '[ -0]'])
      assert.equal(scanJson(Buffer.from(text), DEPTH).isSpacedOut, false);
    assert.equal(scanJson(Buffer.from('[0]'), DEPTH).isSpacedOut, false);
  });
});
