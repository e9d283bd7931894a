import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { describe, it } from 'node:test';
import { pino } from 'pino';
import { scratchContext } from '../../../test/scratch.ts';
import type { Context } from '../../platform/context.ts';
import { receiveEvents } from './receive-events.ts';

const device = { environment: 'default', uuid: 'u', deviceId: 'car' };

function event(id: string, details: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    id,
    deviceTime: '2026-11-24T10:00:00Z',
    eventType: { id: 'campaign_accepted', version: 0 },
    event: { campaignId: 'c', ...details },
  };
}

function batch(count: number, prefix = 'e'): Record<string, unknown>[] {
  return Array.from({ length: count }, (_, index) => event(`${prefix}${index}`));
}

async function storedIds(ctx: Context): Promise<string[]> {
  const query = ctx.db.selectFrom('device_events').select('event_id').orderBy('sequence');
  return (await query.execute()).map((row) => row.event_id);
}

/** The same context with a log that is kept. */
function listening(ctx: Context): { readonly ctx: Context; readonly lines: string[] } {
  const lines: string[] = [];
  const sink = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  return { ctx: { ...ctx, log: pino({ level: 'warn' }, sink) }, lines };
}

describe('event of a device', () => {
  it('is stated as a fact once, however often it is sent', async (test) => {
    const ctx = await scratchContext();
    test.after(() => ctx.dispose());
    for (let time = 0; time < 3; time += 1) await receiveEvents(ctx, device, [event('e'), event('e')]);
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

describe('a batch of events', () => {
  it('is taken whole up to 1000 entries, in its order, each a fact', async (test) => {
    const ctx = await scratchContext();
    test.after(() => ctx.dispose());
    const events = batch(1000);
    await receiveEvents(ctx, device, events);
    const ids = events.map((one) => one['id']);
    assert.deepEqual(await storedIds(ctx), ids);
    const facts = await ctx.db.selectFrom('outbox_events').select('body').orderBy('id').execute();
    assert.deepEqual(
      facts.map((fact) => (JSON.parse(fact.body) as { eventId: string }).eventId),
      ids,
    );
  });

  it('is refused as too large beyond, whatever its entries are, and leaves nothing', async (test) => {
    const { ctx, lines } = listening(await scratchContext());
    test.after(() => ctx.db.destroy());
    for (const body of [batch(1001), Array.from({ length: 500_000 }, () => 1)]) {
      await assert.rejects(receiveEvents(ctx, device, body), { code: 'payload_too_large' });
    }
    assert.deepEqual(await storedIds(ctx), []);
    assert.deepEqual(lines, []);
  });

  it('writes one line into the log, however many of its entries cannot be read', async (test) => {
    const { ctx, lines } = listening(await scratchContext());
    test.after(() => ctx.db.destroy());
    const broken = Array.from({ length: 999 }, (_, index) => (index % 2 === 0 ? index : { id: 'x' }));
    await receiveEvents(ctx, device, [event('good'), ...broken]);
    assert.deepEqual(await storedIds(ctx), ['good']);
    assert.equal(lines.length, 1);
    assert.equal((JSON.parse(lines[0] ?? '{}') as { entries: number }).entries, 999);
  });

  it('loses an event whose id the database would change, and no other', async (test) => {
    const ctx = await scratchContext();
    test.after(() => ctx.dispose());
    await receiveEvents(ctx, device, [event('a\ud800'), event('a\ufffd'), event('b')]);
    assert.deepEqual(await storedIds(ctx), ['a\ufffd', 'b']);
  });

  it('loses an event of more than 32 KiB, and no other', async (test) => {
    const { ctx, lines } = listening(await scratchContext());
    test.after(() => ctx.db.destroy());
    await receiveEvents(ctx, device, [event('long', { details: 'x'.repeat(32 * 1024) }), event('short')]);
    assert.deepEqual(await storedIds(ctx), ['short']);
    assert.equal(lines.length, 1);
  });
});

describe('events that are kept of a device', () => {
  it('are the newest 5000; those of other devices stay', async (test) => {
    const ctx = await scratchContext();
    test.after(() => ctx.dispose());
    await receiveEvents(ctx, { ...device, uuid: 'other' }, [event('other')]);
    for (let round = 0; round < 5; round += 1) await receiveEvents(ctx, device, batch(1000, `${round}-`));
    await receiveEvents(ctx, device, [event('last-1'), event('last-2')]);
    const ids = await storedIds(ctx);
    assert.deepEqual(ids.slice(0, 2), ['other', '0-2']);
    assert.equal(ids.at(-1), 'last-2');
    assert.equal(ids.length, 5001);
  });
});
