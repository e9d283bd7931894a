// Updates and campaigns for people. Source: server-protocol 9.2, 9.3, 9.5, in the bodies of the user API
import { Type } from 'typebox';
import {
  CampaignDeviceSchema,
  CampaignSchema,
  CampaignStatsSchema,
  CreateCampaignSchema,
  CreateUpdateSchema,
  pageOf,
  PageQuerySchema,
  UpdateSchema,
  type Campaign,
} from '@ota-connect/contract/user';
import type { Context } from '../../platform/context.ts';
import type { App } from '../../platform/http/app.ts';
import { pageLimit, toPage } from '../../platform/http/page.ts';
import { RequestError } from '../../platform/http/problem.ts';
import { cancelCampaign } from './cancel-campaign.ts';
import { createCampaign, toCampaign } from './create-campaign.ts';
import { createUpdate, toUpdate } from './create-update.ts';
import { launchCampaign, requireCampaign } from './launch-campaign.ts';
import { campaignDevices, campaignStats } from './show-progress.ts';
import {
  findUpdateRow,
  listCampaignRows,
  listGroupsOf,
  listUpdateRows,
  type CampaignKey,
  type CampaignRow,
} from './store.ts';

const Params = Type.Object({ id: Type.String() });

export function userRoutes(app: App, ctx: Context): void {
  updateRoutes(app, ctx);
  campaignRoutes(app, ctx);
  progressRoutes(app, ctx);
}

function updateRoutes(app: App, ctx: Context): void {
  const create = { body: CreateUpdateSchema, response: { 201: UpdateSchema } };
  app.post('/updates', { schema: create }, async (request, reply) =>
    reply.code(201).send(await createUpdate(ctx, request.user.environment, request.body)),
  );
  const list = { querystring: PageQuerySchema, response: { 200: pageOf(UpdateSchema) } };
  app.get('/updates', { schema: list }, async (request) => {
    const limit = pageLimit(request.query);
    const page = { after: request.query.cursor, limit: limit + 1 };
    const rows = await listUpdateRows(ctx.db, request.user.environment, page);
    return toPage(rows, limit, { cursor: (row) => row.id, value: toUpdate });
  });
  app.get(
    '/updates/:id',
    { schema: { params: Params, response: { 200: UpdateSchema } } },
    async (request) => {
      const { id } = request.params;
      const row = await findUpdateRow(ctx.db, { environment: request.user.environment, id });
      if (row === undefined) throw new RequestError('missing_update', `There is no update ${id}.`);
      return toUpdate(row);
    },
  );
}

function campaignRoutes(app: App, ctx: Context): void {
  const create = { body: CreateCampaignSchema, response: { 201: CampaignSchema } };
  app.post('/campaigns', { schema: create }, async (request, reply) =>
    reply.code(201).send(await createCampaign(ctx, request.user.environment, request.body)),
  );
  const list = { querystring: PageQuerySchema, response: { 200: pageOf(CampaignSchema) } };
  app.get('/campaigns', { schema: list }, async (request) => {
    const { environment } = request.user;
    const limit = pageLimit(request.query);
    const page = { after: request.query.cursor, limit: limit + 1 };
    const rows = await listCampaignRows(ctx.db, environment, page);
    const ids = rows.map((row) => row.id);
    const groups = Map.groupBy(await listGroupsOf(ctx.db, environment, ids), (group) => group.campaign_id);
    const value = (row: CampaignRow): Campaign => toCampaign(row, groups.get(row.id) ?? []);
    return toPage(rows, limit, { cursor: (row) => row.id, value });
  });
  const one = { params: Params, response: { 200: CampaignSchema } };
  app.get('/campaigns/:id', { schema: one }, (request) => show(ctx, keyOf(request)));
  app.post('/campaigns/:id/launch', { schema: one }, async (request) => {
    await launchCampaign(ctx, keyOf(request));
    return show(ctx, keyOf(request));
  });
  app.post('/campaigns/:id/cancel', { schema: one }, async (request) => {
    await cancelCampaign(ctx, keyOf(request));
    return show(ctx, keyOf(request));
  });
}

function progressRoutes(app: App, ctx: Context): void {
  const stats = { params: Params, response: { 200: CampaignStatsSchema } };
  app.get('/campaigns/:id/stats', { schema: stats }, async (request) =>
    campaignStats(ctx.db, await requireCampaign(ctx.db, keyOf(request))),
  );
  const list = {
    params: Params,
    querystring: PageQuerySchema,
    response: { 200: pageOf(CampaignDeviceSchema) },
  };
  app.get('/campaigns/:id/devices', { schema: list }, async (request) => {
    const limit = pageLimit(request.query);
    const campaign = await requireCampaign(ctx.db, keyOf(request));
    const page = { after: request.query.cursor, limit: limit + 1 };
    const rows = await campaignDevices(ctx.db, campaign, page);
    return toPage(rows, limit, { cursor: (row) => row.deviceUuid, value: (row) => row });
  });
}

async function show(ctx: Context, key: CampaignKey): Promise<Campaign> {
  const row = await requireCampaign(ctx.db, key);
  return toCampaign(row, await listGroupsOf(ctx.db, key.environment, [key.id]));
}

function keyOf(request: {
  readonly user: { readonly environment: string };
  readonly params: { readonly id: string };
}): CampaignKey {
  return { environment: request.user.environment, id: request.params.id };
}
