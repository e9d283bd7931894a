// Events of a device: each is kept once, as it came, and stated as a fact once. A device repeats a batch until it was
// answered, so ids that are here already are no news. An entry that cannot be read is left out, and the log says how many
// were: refusing the batch would make the device repeat it for ever, and lose nothing else.
// What a device can cost is bounded: entries of a batch, bytes of an event, events that are kept.
// Source: client-protocol 3.8, 5.4; server-protocol 8.7
import { decodeDeviceEvents, MalformedBodyError, type DeviceEvent } from '@ota-connect/contract/device';
import type { Context } from '../../platform/context.ts';
import { inTransaction } from '../../platform/db/database.ts';
import { flushToDisk } from '../../platform/db/durability.ts';
import type { Device } from '../../platform/http/authenticate-device.ts';
import { RequestError } from '../../platform/http/problem.ts';
import { newId } from '../../platform/ids.ts';
import { publishAll } from '../../platform/outbox/publish.ts';
import type { DeviceEventReceived } from './events.ts';
import { dropOldEvents, insertEvents, type EventRow } from './report-store.ts';

const CAMPAIGN_URN = 'urn:here-ota:campaign:';
const MAX_ID = 200;
/** Original clients send all that is queued, and half of it after a 413. */
const MAX_EVENTS_IN_BATCH = 1000;
const MAX_EVENT_BYTES = 32 * 1024;
/** Of one device; the oldest go first. */
const MAX_STORED_EVENTS = 5000;

type ReadEvent = { readonly event: DeviceEvent; readonly text: string };

/** Throws RequestError `invalid_entity` when the body is no array, `payload_too_large` for too many entries. */
export async function receiveEvents(ctx: Context, device: Device, body: unknown): Promise<void> {
  if (!Array.isArray(body)) throw new RequestError('invalid_entity', 'The body must be an array of events.');
  if (body.length > MAX_EVENTS_IN_BATCH) {
    const message = `A batch may have up to ${MAX_EVENTS_IN_BATCH} events, not ${body.length}.`;
    throw new RequestError('payload_too_large', message);
  }
  const events = readEvents(ctx, device, body);
  if (events.size > 0 && (await record(ctx, device, events))) await flushToDisk(ctx.db);
}

/** By their ids. */
function readEvents(
  ctx: Context,
  device: Device,
  entries: readonly unknown[],
): ReadonlyMap<string, ReadEvent> {
  const events = new Map<string, ReadEvent>();
  const reasons: string[] = [];
  for (const entry of entries) {
    const read = readEvent(entry);
    if (typeof read === 'string') reasons.push(read);
    else if (!events.has(read.event.id)) events.set(read.event.id, read);
  }
  if (reasons.length > 0) {
    const leftOut = { device: device.uuid, entries: reasons.length, first: reasons[0] };
    ctx.log.warn(leftOut, 'Events were left out');
  }
  return events;
}

/** A text says why it cannot be kept. */
function readEvent(entry: unknown): ReadEvent | string {
  try {
    const [event] = decodeDeviceEvents([entry]);
    if (event === undefined) return 'nothing';
    if (event.id.length > MAX_ID) return `id: at most ${MAX_ID} characters`;
    // The database would make others of them: two ids could become one.
    if (!event.id.isWellFormed()) return 'id: half a surrogate pair';
    const text = JSON.stringify(entry);
    if (Buffer.byteLength(text) > MAX_EVENT_BYTES) return `at most ${MAX_EVENT_BYTES} bytes`;
    return { event, text };
  } catch (error) {
    if (!(error instanceof MalformedBodyError)) throw error;
    return error.message;
  }
}

/** True when at least one is new. */
async function record(
  ctx: Context,
  device: Device,
  events: ReadonlyMap<string, ReadEvent>,
): Promise<boolean> {
  const key = { environment: device.environment, deviceUuid: device.uuid };
  const now = ctx.clock.now();
  const rows: EventRow[] = [...events.values()].map(({ event, text }) => ({
    environment: device.environment,
    device_uuid: device.uuid,
    event_id: event.id,
    sequence: newId(),
    correlation_id: correlationIdOf(event) ?? null,
    body: text,
    received_at: now,
  }));
  return inTransaction(ctx.db, async (tx) => {
    const fresh = await insertEvents(tx, rows);
    if (fresh.size === 0) return false;
    await dropOldEvents(tx, key, MAX_STORED_EVENTS);
    const news = [...events.values()].filter(({ event }) => fresh.has(event.id));
    await publishAll(
      tx,
      news.map(({ event }) => factOf(device, event)),
    );
    return true;
  });
}

function factOf(device: Device, event: DeviceEvent): DeviceEventReceived {
  const { campaignId } = event.event;
  const correlationId = correlationIdOf(event);
  return {
    type: 'DeviceEventReceived',
    environment: device.environment,
    deviceUuid: device.uuid,
    eventId: event.id,
    eventType: event.eventType.id,
    ...(campaignId === undefined ? {} : { campaignId }),
    ...(correlationId === undefined ? {} : { correlationId }),
  };
}

function correlationIdOf({ event }: DeviceEvent): string | undefined {
  return (
    event.correlationId ?? (event.campaignId === undefined ? undefined : CAMPAIGN_URN + event.campaignId)
  );
}
