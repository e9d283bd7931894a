// aktualizr-info: shows what the device knows about itself. Only looks: it opens the storage for reading, also while the
// daemon works. Lines for people, --json for programs. client-features 2 INF-01 to INF-12.
import { setTimeout as pause } from 'node:timers/promises';

import { openStorage } from '@ota-connect/libaktualizr/adapters/storage/sqlite-storage';
import type { SqliteStorage } from '@ota-connect/libaktualizr/adapters/storage/sqlite-storage';
import type { Config } from '@ota-connect/libaktualizr/config/config';
import { loadConfig } from '@ota-connect/libaktualizr/config/load-toml';
import { placesInToken } from '@ota-connect/libaktualizr/config/token-config';
import { StorageError } from '@ota-connect/libaktualizr/errors';
import { openKeys } from '@ota-connect/libaktualizr/wiring/keys';

import { EXIT_CODES, exitCodeOf } from '../exit-codes.ts';
import { printable } from '../output.ts';
import { readVersion } from '../version.ts';
import { hasMetadata, summarize, summaryLines } from './device-summary.ts';
import { infoHelp, readInfoArguments } from './info-arguments.ts';
import type { InfoArguments } from './info-arguments.ts';
import { requestedItems } from './stored-items.ts';
import type { StoredItem } from './stored-items.ts';

const POLL_MS = 1000;
const TOKEN_ITEMS = ['tls-creds', 'tls-root-ca', 'tls-cert', 'ecu-keys', 'ecu-keyid', 'ecu-pub-key'] as const;

await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<void> {
  try {
    process.stdout.write(`${await answer(args)}\n`);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(`aktualizr-info: ${printable(message)}\n`);
    const neverStarted = error instanceof StorageError && error.details['missing'] === true;
    process.exitCode = neverStarted ? EXIT_CODES.notProvisioned : exitCodeOf(error);
  }
}

async function answer(args: readonly string[]): Promise<string> {
  const asked = readInfoArguments(args);
  if (asked.flags.has('help')) return infoHelp();
  if (asked.flags.has('version')) return readVersion();
  const { config } = await loadConfig({ paths: asked.configPaths });
  if (asked.flags.has('allow-migrate')) openStorage(config.storage).close();
  if (asked.flags.has('wait-until-provisioned')) await waitUntilProvisioned(config);
  return looking(config, async (stored) => shown(await withToken(stored, config, asked), config, asked));
}

function shown(storage: SqliteStorage, config: Config, asked: InfoArguments): string {
  const items = requestedItems(storage, asked);
  const isJson = asked.flags.has('json');
  if (items.length > 0) return isJson ? itemsJson(items) : itemsText(items);
  const summary = summarize(storage, config, asked.flags.has('secondary-keys'));
  return isJson ? JSON.stringify(summary, undefined, 2) : summaryLines(summary).map(printable).join('\n');
}

/** One thing alone is printed bare, so that it can be piped. */
function itemsText(items: readonly StoredItem[]): string {
  const bare = (item: StoredItem): string =>
    item.text?.trimEnd() ?? (item.isMetadata ? 'Metadata is not available' : `${item.title}: not available`);
  const [first] = items;
  if (items.length === 1 && first !== undefined) return bare(first);
  return items.map((item) => `${printable(item.title)}:\n${bare(item)}`).join('\n\n');
}

function itemsJson(items: readonly StoredItem[]): string {
  const delegations = items.filter((item) => item.option === 'delegation' && item.text !== undefined);
  const members = items
    .filter((item) => item.option !== 'delegation')
    .map((item): [string, unknown] => [
      item.option,
      item.isMetadata && item.text !== undefined ? JSON.parse(item.text) : (item.text ?? null),
    ]);
  if (items.some((item) => item.option === 'delegation')) {
    members.push([
      'delegation',
      Object.fromEntries(delegations.map((item) => [item.title, JSON.parse(item.text ?? 'null')])),
    ]);
  }
  return JSON.stringify(Object.fromEntries(members), undefined, 2);
}

async function waitUntilProvisioned(config: Config): Promise<void> {
  while (!(await isProvisioned(config))) await pause(POLL_MS);
}

async function isProvisioned(config: Config): Promise<boolean> {
  try {
    return await looking(config, (storage) => storage.identity.isRegistered() && hasMetadata(storage));
  } catch (error) {
    // Not there yet, or just being written: what else is wrong is told when it is time to print.
    if (error instanceof StorageError && error.code !== 'corrupt') return false;
    throw error;
  }
}

async function looking<T>(config: Config, look: (storage: SqliteStorage) => T | Promise<T>): Promise<T> {
  const storage = openStorage(config.storage, { readOnly: true });
  try {
    return await look(storage);
  } finally {
    storage.close();
  }
}

/** The token is opened for what is in it and asked for; never before the device has made its key there. */
async function withToken(
  stored: SqliteStorage,
  config: Config,
  { flags }: InfoArguments,
): Promise<SqliteStorage> {
  const isAsked = TOKEN_ITEMS.some((item) => flags.has(item));
  if (!isAsked || placesInToken(config).length === 0 || !stored.identity.isRegistered()) return stored;
  return (await openKeys(config, stored)).storage;
}
