import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { randomDeviceId } from './random-device-id.ts';

describe('random device id', () => {
  it('is an adjective, a food and a number below 1000', () => {
    for (let draw = 0; draw < 200; draw++) assert.match(randomDeviceId(), /^[a-z]+-[a-z]+-(0|[1-9]\d{0,2})$/);
  });

  it('differs between draws', () => {
    assert.ok(new Set(Array.from({ length: 50 }, randomDeviceId)).size > 40);
  });
});
