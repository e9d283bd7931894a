import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { scratchContext } from '../../../test/scratch.ts';
import { receiveEvents } from './receive-events.ts';

describe('event of a device', () => {
  it('is stated as a fact once, however often it is sent', async (test) => {
    const ctx = await scratchContext();
    test.after(() => ctx.dispose());
    const device = { environment: 'default', uuid: 'u', deviceId: 'car' };
    const event = {
      id: 'e',
      deviceTime: '2026-11-24T10:00:00Z',
      eventType: { id: 'campaign_accepted', version: 0 },
      event: { campaignId: 'c' },
    };
    for (let time = 0; time < 3; time += 1) await receiveEvents(ctx, device, [event, event]);
    const facts = await ctx.db.selectFrom('outbox_events').select('body').execute();
    assert.deepEqual(
      facts.map((fact) => JSON.parse(fact.body) as unknown),
      [
        {
          type: 'DeviceEventReceived',
          environment: 'default',
          deviceUuid: 'u',
          eventId: 'e',
          eventType: 'campaign_accepted',
          campaignId: 'c',
          correlationId: 'urn:here-ota:campaign:c',
        },
      ],
    );
  });
});
