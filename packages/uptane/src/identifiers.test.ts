import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CodedError } from './errors.ts';
import {
  parseCorrelationId,
  parseEcuSerial,
  parseHardwareId,
  parseKeyId,
  parseTargetName,
} from './identifiers.ts';

describe('identifiers', () => {
  const parsers = { parseEcuSerial, parseHardwareId, parseKeyId, parseTargetName, parseCorrelationId };
  for (const [name, parse] of Object.entries(parsers)) {
    it(`${name} takes ordinary text and refuses nothing, controls and halves of characters`, () => {
      assert.equal(parse('CA:FE:A6:D2:84:9D'), 'CA:FE:A6:D2:84:9D');
      for (const bad of ['', 'a\0b', 'a\nb', '\u007f', '\ud800', 'x'.repeat(1025)]) {
        assert.throws(() => parse(bad), CodedError, JSON.stringify(bad));
      }
    });
  }

  it('takes an ECU serial of 64 characters and none longer', () => {
    assert.equal(parseEcuSerial('x'.repeat(64)).length, 64);
    assert.throws(() => parseEcuSerial('x'.repeat(65)), CodedError);
  });

  it('takes target names that would be dangerous as paths: they are none', () => {
    for (const name of ['../x', '/etc/passwd', '__proto__', 'a b/ü'])
      assert.equal(parseTargetName(name), name);
  });
});
