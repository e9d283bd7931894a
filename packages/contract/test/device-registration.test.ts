import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  MalformedBodyError,
  decodeDeviceRegistration,
  encodeDeviceRegistration,
} from '../src/device/index.ts';

describe('device registration body', () => {
  it('reads ttl as text, as the original client sends it', () => {
    assert.deepEqual(decodeDeviceRegistration({ deviceId: 'car-1', ttl: '36000' }), {
      deviceId: 'car-1',
      validDays: 36_000,
    });
  });

  it('reads ttl as a number, as the certificate tool of the original sends it', () => {
    assert.equal(decodeDeviceRegistration({ deviceId: 'car-1', ttl: 365 }).validDays, 365);
  });

  it('reads a body without ttl', () => {
    assert.deepEqual(decodeDeviceRegistration({ deviceId: 'car-1' }), { deviceId: 'car-1' });
  });

  it('writes ttl as text', () => {
    assert.deepEqual(encodeDeviceRegistration({ deviceId: 'car-1', validDays: 10 }), {
      deviceId: 'car-1',
      ttl: '10',
    });
  });

  for (const body of [null, [], 'x', {}, { deviceId: '' }, { deviceId: 7 }]) {
    it(`refuses ${JSON.stringify(body)}`, () => {
      assert.throws(() => decodeDeviceRegistration(body), MalformedBodyError);
    });
  }

  for (const ttl of ['ten', '-1', 1.5, true, '']) {
    it(`refuses a ttl of ${JSON.stringify(ttl)}`, () => {
      assert.throws(() => decodeDeviceRegistration({ deviceId: 'car-1', ttl }), /ttl/);
    });
  }

  it('takes no field from a prototype', () => {
    assert.throws(() => decodeDeviceRegistration(Object.create({ deviceId: 'car-1' })), MalformedBodyError);
  });
});
