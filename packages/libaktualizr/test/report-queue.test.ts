import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import type { DeviceEvent } from '@ota-connect/contract/device';
import { ManualClock } from '@ota-connect/testkit';
import { TransportError } from '../src/errors.ts';
import type { Gateway, ReportStore } from '../src/ports.ts';
import { ReportQueue } from '../src/reports/report-queue.ts';

type Answer = 'accepted' | 'not_supported' | 'too_large' | Error;

function openQueue(answer: (events: readonly DeviceEvent[]) => Answer) {
  const rows: { id: number; event: DeviceEvent }[] = [];
  const posts: number[] = [];
  const clock = new ManualClock();
  const failures: string[] = [];
  let lastId = 0;
  const store = {
    enqueue: (event: DeviceEvent) => void rows.push({ id: (lastId += 1), event }),
    queued: (limit: number) => rows.slice(0, limit),
    remove: (ids: readonly number[]) =>
      void rows.splice(0, rows.length, ...rows.filter(({ id }) => !ids.includes(id))),
  } as unknown as ReportStore;
  const gateway = {
    postEvents: async (events: readonly DeviceEvent[]) => {
      posts.push(events.length);
      const outcome = answer(events);
      if (outcome instanceof Error) throw outcome;
      return outcome;
    },
  } as unknown as Gateway;
  const queue = new ReportQueue({
    store,
    gateway,
    clock,
    newId: () => `id-${lastId}`,
    onFailure: ({ code }) => void failures.push(code),
  });
  return { queue, rows, posts, clock, failures };
}

const unreachable = new TransportError('unreachable', 'The server cannot be reached.');

describe('report queue', () => {
  it('sends everything in order and forgets it', async () => {
    const { queue, rows, posts } = openQueue(() => 'accepted');
    queue.enqueue('EcuDownloadStarted', { correlationId: 'urn:1', ecu: 'a' });
    queue.enqueue('EcuDownloadCompleted', { correlationId: 'urn:1', ecu: 'a', success: true });
    assert.deepEqual(
      rows.map(({ event }) => event.eventType.id),
      ['EcuDownloadStarted', 'EcuDownloadCompleted'],
    );
    assert.equal(await queue.flush(), 'empty');
    assert.deepEqual(posts, [2]);
  });

  it('leaves an empty correlation ID out and writes the time as the original does', () => {
    const { queue, rows } = openQueue(() => 'accepted');
    queue.enqueue('DevicePaused', { correlationId: '' });
    assert.deepEqual(rows[0]?.event, {
      id: 'id-0',
      deviceTime: '2030-03-17T17:46:40Z',
      eventType: { id: 'DevicePaused', version: 0 },
      event: {},
    });
  });

  it('keeps the events, when the server is out of reach, and leaves it alone for ten seconds', async () => {
    const answers: Answer[] = [unreachable, 'accepted'];
    const { queue, rows, posts, clock, failures } = openQueue(() => answers.shift() ?? 'accepted');
    queue.enqueue('DevicePaused', {});
    assert.equal(await queue.flush(), 'kept');
    assert.equal(await queue.flush(), 'kept');
    assert.deepEqual([posts, failures, rows.length], [[1], ['unreachable'], 1]);
    clock.advance(10_000);
    assert.equal(await queue.flush(), 'empty');
  });

  it('does not leave it alone for longer, when the clock is set back meanwhile', async () => {
    const answers: Answer[] = [unreachable, 'accepted'];
    const { queue, clock } = openQueue(() => answers.shift() ?? 'accepted');
    queue.enqueue('DevicePaused', {});
    assert.equal(await queue.flush(), 'kept');
    clock.set(0);
    assert.equal(await queue.flush(), 'empty');
  });

  it('takes an event whatever the clock says', () => {
    const { queue, rows, clock } = openQueue(() => 'accepted');
    clock.set(8.64e15);
    queue.enqueue('DevicePaused', {});
    assert.equal(rows[0]?.event.deviceTime, '9999-12-31T23:59:59Z');
  });

  it('drops what the server does not know', async () => {
    const { queue, rows } = openQueue(() => 'not_supported');
    queue.enqueue('DevicePaused', {});
    assert.equal(await queue.flush(), 'empty');
    assert.deepEqual(rows, []);
  });

  it('halves a batch that is too large, until it fits', async () => {
    const { queue, rows, posts } = openQueue((events) => (events.length > 2 ? 'too_large' : 'accepted'));
    for (let n = 0; n < 8; n += 1) queue.enqueue('DevicePaused', {});
    assert.equal(await queue.flush(), 'empty');
    assert.deepEqual(posts, [8, 4, 2, 2, 2, 2]);
    assert.deepEqual(rows, []);
  });

  it('drops a single event that is too large, and sends the others', async () => {
    const { queue, posts } = openQueue((events) =>
      events.some(({ event }) => event.ecu === 'huge') ? 'too_large' : 'accepted',
    );
    for (const ecu of ['a', 'huge', 'b']) queue.enqueue('EcuDownloadStarted', { ecu });
    assert.equal(await queue.flush(), 'empty');
    assert.deepEqual(posts, [3, 2, 1, 1, 1]);
  });
});
