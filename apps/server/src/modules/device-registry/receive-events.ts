// Events of a device: each is kept once, as it came, and stated as a fact once. A device repeats a batch until it was
// answered, so ids that are here already are no news. An entry that cannot be read is logged and left out: refusing the
// batch would make the device repeat it for ever, and lose nothing else.
// Source: client-protocol 3.8, 5.4; server-protocol 8.7
import { decodeDeviceEvents, MalformedBodyError, type DeviceEvent } from '@ota-connect/contract/device';
import type { Context } from '../../platform/context.ts';
import { inTransaction, type Transaction } from '../../platform/db/database.ts';
import type { Device } from '../../platform/http/authenticate-device.ts';
import { RequestError } from '../../platform/http/problem.ts';
import { newId } from '../../platform/ids.ts';
import { publish } from '../../platform/outbox/publish.ts';
import type { DeviceEventReceived } from './events.ts';
import { insertEvent } from './report-store.ts';

const CAMPAIGN_URN = 'urn:here-ota:campaign:';
const MAX_ID = 200;

type ReadEvent = { readonly event: DeviceEvent; readonly raw: unknown };

/** Throws RequestError `invalid_entity` when the body is no array. */
export async function receiveEvents(ctx: Context, device: Device, body: unknown): Promise<void> {
  if (!Array.isArray(body)) throw new RequestError('invalid_entity', 'The body must be an array of events.');
  const events = (body as readonly unknown[]).flatMap((raw, index) => readEvent(ctx, device, { raw, index }));
  if (events.length === 0) return;
  await inTransaction(ctx.db, async (tx) => {
    for (const event of events) await recordEvent(ctx, tx, { device, ...event });
  });
}

function readEvent(ctx: Context, device: Device, entry: { raw: unknown; index: number }): ReadEvent[] {
  try {
    const [event] = decodeDeviceEvents([entry.raw]);
    if (event === undefined) return [];
    if (event.id.length > MAX_ID) throw new MalformedBodyError('id', `at most ${MAX_ID} characters`);
    return [{ event, raw: entry.raw }];
  } catch (error) {
    if (!(error instanceof MalformedBodyError)) throw error;
    const where = { device: device.uuid, index: entry.index, reason: error.message };
    ctx.log.warn(where, 'An event was left out');
    return [];
  }
}

async function recordEvent(
  ctx: Context,
  tx: Transaction,
  received: ReadEvent & { device: Device },
): Promise<void> {
  const { device, event, raw } = received;
  const { environment, uuid: deviceUuid } = device;
  const { campaignId } = event.event;
  const correlationId =
    event.event.correlationId ?? (campaignId === undefined ? undefined : CAMPAIGN_URN + campaignId);
  const isNew = await insertEvent(tx, {
    environment,
    device_uuid: deviceUuid,
    event_id: event.id,
    sequence: newId(),
    correlation_id: correlationId ?? null,
    body: JSON.stringify(raw),
    received_at: ctx.clock.now(),
  });
  if (!isNew) return;
  await publish(tx, {
    type: 'DeviceEventReceived',
    environment,
    deviceUuid,
    eventId: event.id,
    eventType: event.eventType.id,
    ...(campaignId === undefined ? {} : { campaignId }),
    ...(correlationId === undefined ? {} : { correlationId }),
  } satisfies DeviceEventReceived);
}
