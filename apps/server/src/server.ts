// One OTA Connect server from its configuration to its two listeners, and back down. Whatever would stop it from
// starting is found before anything is written.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createApi } from './api.ts';
import type { Config } from './config.ts';
import { createGateway } from './modules/device-gateway/index.ts';
import { refreshRoles, removeOrphans } from './modules/image-repo/index.ts';
import { createRepository } from './modules/keyserver/index.ts';
import { ensureOperatorToken } from './modules/users/index.ts';
import { openFsBlobStore } from './platform/blobs/fs-blob-store.ts';
import { systemClock, type Clock } from './platform/clock.ts';
import type { Context } from './platform/context.ts';
import { lockDataDir, type DataDirLock } from './platform/data-dir.ts';
import { inTransaction, openDatabase, type Database } from './platform/db/database.ts';
import { flushToDisk } from './platform/db/durability.ts';
import { migrate } from './platform/db/migrate.ts';
import { closeApp } from './platform/http/app.ts';
import { listen, requireFreePort } from './platform/http/listen.ts';
import { Worker } from './platform/jobs/worker.ts';
import { createLog } from './platform/log.ts';
import { Dispatcher } from './platform/outbox/dispatch.ts';
import { openVault } from './platform/vault/open-vault.ts';
import { allJobs, allReactions, migrations, modules } from './wiring.ts';

const DEFAULT_ENVIRONMENT = 'default';
const SHUTDOWN_GRACE_MS = 3_000;

export type RunningServer = {
  readonly apiUrl: string;
  readonly gatewayUrl: string;
  /** For tests and for the process that embeds the server. */
  readonly ctx: Context;
  /** Resolves when every event has been reacted to and no job is due. */
  idle(): Promise<void>;
  close(): Promise<void>;
};

/** Throws ConfigError or StorageError, each with one sentence for the operator; nothing then runs or has changed. */
export async function startServer(config: Config, clock: Clock = systemClock): Promise<RunningServer> {
  // Nothing this process writes is for other users.
  process.umask(0o077);
  // A directory that exists is asked first: its holder is a better answer than "the port is in use".
  const early = existsSync(config.dataDir) ? lockDataDir(config.dataDir) : undefined;
  let lock: DataDirLock | undefined = early;
  let db: Database | undefined;
  try {
    await requireFreePort({ what: 'user API', host: config.host, port: config.apiPort });
    await requireFreePort({ what: 'device gateway', host: config.host, port: config.gatewayPort });
    lock ??= lockDataDir(config.dataDir);
    db = openDatabase(join(config.dataDir, 'ota-connect.db'));
    return await run(await prepare(config, clock, db), lock);
  } catch (error) {
    await db?.destroy();
    lock?.release();
    throw error;
  }
}

async function prepare(config: Config, clock: Clock, db: Database): Promise<MutableContext> {
  await migrate(db, clock, migrations);
  const vault = await openVault(db, config);
  const ctx = {
    db,
    clock,
    config,
    vault,
    log: createLog(config.logLevel),
    blobs: await openFsBlobStore(join(config.dataDir, 'blobs')),
    urls: { api: '', gateway: '' },
  };
  await inTransaction(db, async (tx) => {
    await createRepository(ctx, tx, { environment: DEFAULT_ENVIRONMENT, repository: 'director' });
    await createRepository(ctx, tx, { environment: DEFAULT_ENVIRONMENT, repository: 'image' });
    await refreshRoles(ctx, tx, DEFAULT_ENVIRONMENT);
  });
  await removeOrphans(ctx);
  await ensureOperatorToken(ctx);
  await flushToDisk(db);
  return ctx;
}

type MutableContext = Context & { readonly urls: { api: string; gateway: string } };

async function run(ctx: MutableContext, lock: DataDirLock): Promise<RunningServer> {
  const { host, apiPort, gatewayPort, hostNames } = ctx.config;
  const gateway = await createGateway(
    ctx,
    modules.flatMap((module) => module.deviceRoutes ?? []),
  );
  const api = createApi(ctx);
  const dispatcher = new Dispatcher(ctx, allReactions(ctx));
  const worker = new Worker(ctx, allJobs(ctx));
  const close = async (): Promise<void> => {
    await Promise.all([closeApp(api, SHUTDOWN_GRACE_MS), closeApp(gateway, SHUTDOWN_GRACE_MS)]);
    await worker.stop();
    await dispatcher.stop();
    await ctx.db.destroy();
    lock.release();
  };
  try {
    const name = hostNames[0] ?? 'localhost';
    const boundGatewayPort = await listen(gateway, { what: 'device gateway', host, port: gatewayPort });
    ctx.urls.gateway = `https://${name}:${boundGatewayPort}`;
    dispatcher.start();
    worker.start();
    // The API comes last: whoever sees it answer may rely on the rest.
    const boundApiPort = await listen(api, { what: 'user API', host, port: apiPort });
    ctx.urls.api = `http://${isLocal(host) ? 'localhost' : host}:${boundApiPort}`;
  } catch (error) {
    await Promise.all([closeApp(api, SHUTDOWN_GRACE_MS), closeApp(gateway, SHUTDOWN_GRACE_MS)]);
    await worker.stop();
    await dispatcher.stop();
    throw error;
  }
  const idle = async (): Promise<void> => {
    await dispatcher.idle();
    await worker.idle();
    await dispatcher.idle();
  };
  return { apiUrl: ctx.urls.api, gatewayUrl: ctx.urls.gateway, ctx, idle, close };
}

/** Addresses under which this machine reaches itself as localhost. */
function isLocal(host: string): boolean {
  return ['127.0.0.1', '::1', '0.0.0.0', '::', 'localhost'].includes(host);
}
