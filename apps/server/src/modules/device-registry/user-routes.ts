// Devices and groups for people. Source: server-protocol 8.2, 8.3, in the bodies of the user API
import { Type } from 'typebox';
import {
  CreateGroupSchema,
  DeviceSchema,
  GroupSchema,
  pageOf,
  PageQuerySchema,
  type Device,
} from '@ota-connect/contract/user';
import { isoSeconds } from '../../platform/clock.ts';
import type { Context } from '../../platform/context.ts';
import { inTransaction } from '../../platform/db/database.ts';
import type { App } from '../../platform/http/app.ts';
import { pageLimit, toPage } from '../../platform/http/page.ts';
import { attacksOfDevice, ecusOfDevice } from '../director/index.ts';
import { findDevice } from './find-device.ts';
import { addDeviceToGroup, createGroup, findGroup, removeDeviceFromGroup, toGroup } from './groups.ts';
import { flushSeen } from './last-seen.ts';
import { reportRoutes } from './report-routes.ts';
import { listGroupRows, listMembers } from './group-store.ts';
import { listDeviceRows, type SeenDeviceRow } from './store.ts';

const DeviceFilter = Type.Intersect([
  PageQuerySchema,
  Type.Object({
    nameContains: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    deviceId: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
  }),
]);
/** With a device; its own list has more. */
const ATTACKS_SHOWN = 10;
const Params = Type.Object({ id: Type.String() });
const MemberParams = Type.Object({ id: Type.String(), uuid: Type.String() });

export function userRoutes(app: App, ctx: Context): void {
  deviceReadRoutes(app, ctx);
  reportRoutes(app, ctx);
  groupRoutes(app, ctx);
}

function deviceReadRoutes(app: App, ctx: Context): void {
  const list = { querystring: DeviceFilter, response: { 200: pageOf(DeviceSchema) } };
  app.get('/devices', { schema: list }, async (request) => {
    await flushSeen(ctx);
    const { nameContains, deviceId, cursor: after } = request.query;
    const limit = pageLimit(request.query);
    const filter = { nameContains, deviceId, after, limit: limit + 1 };
    const rows = await listDeviceRows(ctx.db, request.user.environment, filter);
    return toPage(rows, limit, { cursor: (row) => row.uuid, value: toDevice });
  });
  app.get(
    '/devices/:id',
    { schema: { params: Params, response: { 200: DeviceSchema } } },
    async (request) => {
      await flushSeen(ctx);
      const { environment } = request.user;
      const device = await findDevice(ctx.db, environment, request.params.id);
      const ecus = await ecusOfDevice(ctx.db, environment, device.uuid);
      return { ...toDevice(device), ecus, attacks: await attacksOfDevice(ctx.db, device, ATTACKS_SHOWN) };
    },
  );
}

function groupRoutes(app: App, ctx: Context): void {
  const create = { body: CreateGroupSchema, response: { 201: GroupSchema } };
  app.post('/groups', { schema: create }, async (request, reply) => {
    return reply.code(201).send(await createGroup(ctx, request.user.environment, request.body));
  });
  const list = { querystring: PageQuerySchema, response: { 200: pageOf(GroupSchema) } };
  app.get('/groups', { schema: list }, async (request) => {
    const limit = pageLimit(request.query);
    const page = { after: request.query.cursor, limit: limit + 1 };
    const rows = await listGroupRows(ctx.db, request.user.environment, page);
    return toPage(rows, limit, { cursor: (row) => row.id, value: toGroup });
  });
  app.get('/groups/:id', { schema: { params: Params, response: { 200: GroupSchema } } }, async (request) =>
    toGroup(await findGroup(ctx.db, request.user.environment, request.params.id)),
  );
  const members = { params: Params, querystring: PageQuerySchema, response: { 200: pageOf(DeviceSchema) } };
  app.get('/groups/:id/devices', { schema: members }, async (request) => {
    const { environment } = request.user;
    const limit = pageLimit(request.query);
    const { id: groupId } = await findGroup(ctx.db, environment, request.params.id);
    const page = { groupId, after: request.query.cursor, limit: limit + 1 };
    const rows = await listMembers(ctx.db, environment, page);
    return toPage(rows, limit, { cursor: (row) => row.uuid, value: toDevice });
  });
  app.put('/groups/:id/devices/:uuid', { schema: { params: MemberParams } }, async (request, reply) => {
    const { id: groupId, uuid: deviceUuid } = request.params;
    const { environment } = request.user;
    await inTransaction(ctx.db, (tx) => addDeviceToGroup(tx, { environment, groupId, deviceUuid }));
    return reply.code(204).send();
  });
  app.delete('/groups/:id/devices/:uuid', { schema: { params: MemberParams } }, async (request, reply) => {
    const { id: groupId, uuid: deviceUuid } = request.params;
    const { environment } = request.user;
    await inTransaction(ctx.db, (tx) => removeDeviceFromGroup(tx, { environment, groupId, deviceUuid }));
    return reply.code(204).send();
  });
}

function toDevice(row: SeenDeviceRow): Device {
  return {
    uuid: row.uuid,
    deviceId: row.device_id,
    name: row.name,
    status: row.status,
    createdAt: isoSeconds(row.created_at),
    ...(row.last_seen === null ? {} : { lastSeen: isoSeconds(row.last_seen) }),
  };
}
