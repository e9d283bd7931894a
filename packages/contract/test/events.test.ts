import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MalformedBodyError, decodeDeviceEvents } from '../src/device/index.ts';

const event = {
  id: '06972628-4fd7-467b-9272-0d56468c7ef5',
  deviceTime: '2026-11-23T15:04:33Z',
  eventType: { id: 'EcuDownloadCompleted', version: 0 },
  event: { correlationId: 'urn:here-ota:campaign:1', ecu: 'prim-1', success: true },
};

describe('device events body', () => {
  it('keeps order and known members', () => {
    const second = { ...event, id: 'two', event: { campaignId: 'c' } };
    assert.deepEqual(decodeDeviceEvents([event, second]), [event, second]);
  });

  it('accepts an empty batch', () => {
    assert.deepEqual(decodeDeviceEvents([]), []);
  });

  it('accepts event ids of other makers and drops members it does not know', () => {
    const other = { ...event, eventType: { id: 'MetadataUpdateCompleted' }, event: { details: 'x' } };
    assert.deepEqual(decodeDeviceEvents([other]), [
      { ...event, eventType: { id: 'MetadataUpdateCompleted', version: 0 }, event: {} },
    ]);
  });

  const refused: readonly (readonly [string, unknown])[] = [
    ['an object instead of an array', event],
    ['an event without id', [{ ...event, id: undefined }]],
    ['an event without type', [{ ...event, eventType: undefined }]],
    ['a time that is none', [{ ...event, deviceTime: 'yesterday' }]],
    ['success as text', [{ ...event, event: { success: 'true' } }]],
    ['an event without members', [{ ...event, event: undefined }]],
    ['a fractional version', [{ ...event, eventType: { id: 'x', version: 0.5 } }]],
  ];
  for (const [what, value] of refused) {
    it(`refuses ${what}`, () => {
      assert.throws(() => decodeDeviceEvents(value), MalformedBodyError);
    });
  }
});
