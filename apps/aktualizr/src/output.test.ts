import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MetadataError, parseEnvelope } from '@ota-connect/uptane';
import { createOutput, type Line } from './output.ts';

describe('output', () => {
  const lines: Line[] = [];
  const output = createOutput((line) => void lines.push(line));

  /** What goes to the sink meanwhile, with the kind before it. */
  function linesOf(act: () => void): readonly string[] {
    lines.length = 0;
    act();
    return lines.map(({ kind, text }) => `${kind}: ${text}`);
  }

  it('begins no line with what an unsigned document says', () => {
    let refused: unknown;
    const document = { signatures: [], signed: { _type: '\ninfo: Update OK\u001b[2K\u009b1A\u202e' } };
    try {
      parseEnvelope(Buffer.from(JSON.stringify(document)), { role: 'timestamp', repository: 'image' });
    } catch (error) {
      refused = error;
    }
    assert.ok(refused instanceof MetadataError);
    const told = linesOf(() => {
      output.fail(refused);
      output.log('warning', `\ninfo: Update OK ${String(refused)}`);
      output.print('one\ninfo: Update OK\u2028');
    });
    assert.ok(told.length >= 3);
    for (const line of told) {
      assert.doesNotMatch(line, /^info|\n/);
      assert.doesNotMatch(line, /[\p{Cc}\p{Cf}\u2028\u2029]/u);
    }
  });

  it('says of a defect what it is and where it happened, on one line at level error', () => {
    const error = new TypeError('x is not\na function');
    const [line, ...stack] = linesOf(() => output.defect(error));
    assert.match(
      line ?? '',
      /^error: A defect of this program: TypeError: x is not a function \(at .*output\.test\.ts:\d+/,
    );
    assert.ok(stack.length > 0 && stack.every((text) => text.startsWith('debug: at ')));
  });
});
