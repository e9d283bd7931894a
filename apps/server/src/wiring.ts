// Which modules there are and what each brings: tables, routes, reactions to events, background jobs. Read top to
// bottom; migrations and reactions run in this order. Source: ARCHITECTURE 4.3
//
// A module's index.ts may export: `migrations`, `userRoutes(app, ctx)` (paths below /api/v3, request.user is set),
// `deviceRoutes(app, ctx)` (whole paths of the gateway, request.device is set), `reactions(ctx)` built with
// `on(ctx, type, react)` of platform/outbox/publish.ts, and `jobs(ctx)`.
import * as campaigns from './modules/campaigns/index.ts';
import * as deviceRegistry from './modules/device-registry/index.ts';
import * as director from './modules/director/index.ts';
import * as imageRepo from './modules/image-repo/index.ts';
import * as keyserver from './modules/keyserver/index.ts';
import * as pki from './modules/pki/index.ts';
import * as users from './modules/users/index.ts';
import type { Context } from './platform/context.ts';
import type { Migration } from './platform/db/migrate.ts';
import { platformMigrations } from './platform/db/platform-tables.ts';
import type { App } from './platform/http/app.ts';
import type { JobHandler } from './platform/jobs/queue.ts';
import type { Reaction } from './platform/outbox/publish.ts';

type Module = {
  readonly migrations?: readonly Migration[];
  readonly userRoutes?: (app: App, ctx: Context) => void;
  readonly deviceRoutes?: (app: App, ctx: Context) => void;
  readonly reactions?: (ctx: Context) => readonly Reaction[];
  readonly jobs?: (ctx: Context) => readonly JobHandler[];
};

export const modules: readonly Module[] = [
  users,
  pki,
  keyserver,
  imageRepo,
  deviceRegistry,
  director,
  campaigns,
];

export const migrations: readonly Migration[] = [
  ...platformMigrations,
  ...modules.flatMap((module) => module.migrations ?? []),
];

export function allReactions(ctx: Context): readonly Reaction[] {
  return modules.flatMap((module) => module.reactions?.(ctx) ?? []);
}

export function allJobs(ctx: Context): readonly JobHandler[] {
  return modules.flatMap((module) => module.jobs?.(ctx) ?? []);
}
