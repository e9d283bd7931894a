import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DEVICE_STATUSES } from '@ota-connect/contract/user';
import { nextDeviceStatus, STATUS_EVENTS, type StatusEvent } from './device-status.ts';

describe('device status', () => {
  const ends: readonly [StatusEvent, string][] = [
    ['update_assigned', 'Outdated'],
    ['update_in_flight', 'UpdatePending'],
    ['update_succeeded', 'UpToDate'],
    ['update_failed', 'Error'],
  ];
  for (const [event, status] of ends) {
    it(`becomes ${status} after ${event}, whatever it was`, () => {
      for (const before of DEVICE_STATUSES) assert.equal(nextDeviceStatus(before, event), status);
    });
  }

  it('changes by a contact only the first time', () => {
    assert.deepEqual(
      DEVICE_STATUSES.map((status) => nextDeviceStatus(status, 'seen')),
      DEVICE_STATUSES.map((status) => (status === 'NotSeen' ? 'UpToDate' : status)),
    );
  });

  it('returns to UpToDate after a cancelled update, unless the device was never seen', () => {
    assert.deepEqual(
      DEVICE_STATUSES.map((status) => nextDeviceStatus(status, 'update_cancelled')),
      DEVICE_STATUSES.map((status) => (status === 'NotSeen' ? 'NotSeen' : 'UpToDate')),
    );
  });

  it('has an answer for every pair', () => {
    for (const status of DEVICE_STATUSES) {
      for (const event of STATUS_EVENTS) assert.ok(DEVICE_STATUSES.includes(nextDeviceStatus(status, event)));
    }
  });
});
