import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { retryAfterSeconds } from './retry-after.ts';

const NOW = Date.parse('2026-11-25T12:00:00Z');

describe('Retry-After', () => {
  const read = (value: string, status = 503, date?: string) =>
    retryAfterSeconds(status, { 'retry-after': value, ...(date === undefined ? {} : { date }) }, NOW);

  it('is read as seconds', () => {
    assert.equal(read('120'), 120);
    assert.equal(read('120', 429), 120);
    assert.equal(read('0'), 0);
  });

  it('is read as a date', () => {
    assert.equal(read('Wed, 25 Nov 2026 12:01:30 GMT'), 90);
    assert.equal(read('Wednesday, 25-Nov-26 12:01:30 GMT'), 90);
    assert.equal(read('Wed, 25 Nov 2026 11:00:00 GMT'), 0);
  });

  it('is a date by the clock of the server, where it tells that', () => {
    assert.equal(read('Thu, 01 Jan 1970 00:05:00 GMT', 503, 'Thu, 01 Jan 1970 00:00:00 GMT'), 300);
  });

  it('keeps nobody away for more than a day', () => {
    assert.equal(read('999999999999999'), 86_400);
    assert.equal(read('Wed, 25 Nov 2099 12:00:00 GMT'), 86_400);
  });

  it('says nothing, when it is no such value or the server is not busy', () => {
    for (const value of ['', '-5', '1.5', 'soon', '1e9', '2026-11-25T12:00:10Z']) {
      assert.equal(read(value), undefined, value);
    }
    for (const status of [200, 404, 500]) assert.equal(read('5', status), undefined);
    assert.equal(retryAfterSeconds(503, {}, NOW), undefined);
  });
});
