// What devices said of themselves, for people: the latest report of each kind, their events in the order of arrival, and
// the attacks that they told of.
import { Type } from 'typebox';
import {
  DeviceAttackSchema,
  pageOf,
  PageQuerySchema,
  StoredEventSchema,
  type StoredEvent,
} from '@ota-connect/contract/user';
import { isoSeconds } from '../../platform/clock.ts';
import type { Context } from '../../platform/context.ts';
import type { App } from '../../platform/http/app.ts';
import { pageLimit, toPage } from '../../platform/http/page.ts';
import { RequestError } from '../../platform/http/problem.ts';
import { attacksOfDevice } from '../director/index.ts';
import { findDevice } from './find-device.ts';
import { findReport, listEvents, type EventRow, type ReportKind } from './report-store.ts';

const Params = Type.Object({ id: Type.String() });
const EventFilter = Type.Intersect([
  PageQuerySchema,
  Type.Object({ correlationId: Type.Optional(Type.String({ minLength: 1, maxLength: 300 })) }),
]);
type ReportKey = { readonly environment: string; readonly deviceUuid: string; readonly kind: ReportKind };

export function reportRoutes(app: App, ctx: Context): void {
  const schema = { params: Params, querystring: EventFilter, response: { 200: pageOf(StoredEventSchema) } };
  app.get('/devices/:id/events', { schema }, async (request) => {
    const { environment } = request.user;
    const { cursor: after, correlationId } = request.query;
    const limit = pageLimit(request.query);
    const { uuid: deviceUuid } = await findDevice(ctx.db, environment, request.params.id);
    const filter = { deviceUuid, correlationId, after, limit: limit + 1 };
    const rows = await listEvents(ctx.db, environment, filter);
    return toPage(rows, limit, { cursor: (row) => row.sequence, value: toEvent });
  });
  const told = { params: Params, response: { 200: pageOf(DeviceAttackSchema) } };
  app.get('/devices/:id/attacks', { schema: told }, async (request) => {
    const device = await findDevice(ctx.db, request.user.environment, request.params.id);
    return { values: await attacksOfDevice(ctx.db, device) };
  });
  const kinds: readonly (readonly [path: string, kind: ReportKind])[] = [
    ['system-info', 'system_info'],
    ['network', 'network'],
    ['packages', 'packages'],
  ];
  for (const [path, kind] of kinds) {
    app.get(`/devices/:id/${path}`, { schema: { params: Params } }, async (request, reply) => {
      const { environment } = request.user;
      const { body } = await reportOf(ctx, { environment, deviceUuid: request.params.id, kind });
      return reply.type('application/json').send(body);
    });
  }
  app.get('/devices/:id/config', { schema: { params: Params } }, async (request, reply) => {
    const { environment } = request.user;
    const { body } = await reportOf(ctx, { environment, deviceUuid: request.params.id, kind: 'config' });
    return reply.type('application/toml').send(body);
  });
}

async function reportOf(ctx: Context, key: ReportKey): Promise<{ body: string }> {
  await findDevice(ctx.db, key.environment, key.deviceUuid);
  const report = await findReport(ctx.db, key);
  if (report === undefined) throw new RequestError('missing_entity', 'The device has not reported this yet.');
  return report;
}

function toEvent(row: EventRow): StoredEvent {
  const { id, deviceTime, eventType, event } = JSON.parse(row.body) as Omit<StoredEvent, 'receivedAt'>;
  const version = eventType.version ?? 0;
  return {
    id,
    deviceTime,
    receivedAt: isoSeconds(row.received_at),
    eventType: { id: eventType.id, version },
    event,
  };
}
