import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { CodedError } from './errors.ts';
import { addSeconds, formatInstant, instantFromMs, instantOfClock, parseInstant } from './time.ts';

describe('Instant', () => {
  it('agrees with the calendar of the platform for every second it can write', () => {
    fc.assert(
      fc.property(fc.integer({ min: -62_167_219_200, max: 253_402_300_799 }), (seconds) => {
        const text = new Date(seconds * 1000).toISOString().replace('.000', '');
        assert.equal(formatInstant(instantFromMs(seconds * 1000)), text);
        assert.equal(parseInstant(text), seconds);
      }),
    );
  });

  for (const text of [
    '2031-01-01T00:00:00',
    '2031-01-01T00:00:00z',
    '2031-01-01t00:00:00Z',
    '2031-1-01T00:00:00Z',
    '2031-01-01T00:00:00.5Z',
    '2031-01-01T00:00:00+01:00',
    '2031-02-29T00:00:00Z',
    '2100-02-29T00:00:00Z',
    '2031-04-31T00:00:00Z',
    '2031-13-01T00:00:00Z',
    '2031-00-10T00:00:00Z',
    '2031-01-00T00:00:00Z',
    '2031-01-01T24:00:00Z',
    '2031-01-01T23:60:00Z',
    '2031-06-30T23:59:60Z',
    ' 2031-01-01T00:00:00Z',
    '2031-01-01T00:00:00Z\n',
    '',
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseInstant(text), CodedError);
    });
  }

  it('takes the leap day of a leap year', () => {
    assert.equal(formatInstant(addSeconds(parseInstant('2032-02-28T23:59:59Z'), 1)), '2032-02-29T00:00:00Z');
    assert.equal(formatInstant(parseInstant('2000-02-29T12:00:00Z')), '2000-02-29T12:00:00Z');
  });

  it('drops milliseconds downwards', () => {
    assert.equal(instantFromMs(1999), 1);
    assert.equal(instantFromMs(-1), -1);
  });

  it('writes down whatever a clock says', () => {
    const written = (ms: number) => formatInstant(instantOfClock(ms));
    assert.equal(written(1999), '1970-01-01T00:00:01Z');
    assert.equal(written(-1), '1969-12-31T23:59:59Z');
    assert.equal(written(NaN), '1970-01-01T00:00:00Z');
    for (const ms of [8.64e15, Infinity]) assert.equal(written(ms), '9999-12-31T23:59:59Z');
    for (const ms of [-8.64e15, -Infinity]) assert.equal(written(ms), '0000-01-01T00:00:00Z');
  });
});
