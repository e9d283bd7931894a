// aktualizr-get: a URL by the credentials of this device, its body to standard output, streamed. Only looks at the storage,
// so it works beside the daemon. client-features 2 GET-01
import type { IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream/promises';

import { CodedError } from '@ota-connect/uptane';
import { ProvisioningError, StorageError, TransportError } from '@ota-connect/libaktualizr';
import { HttpClient } from '@ota-connect/libaktualizr/adapters/http/client';
import { openStorage } from '@ota-connect/libaktualizr/adapters/storage/sqlite-storage';
import type { SqliteStorage } from '@ota-connect/libaktualizr/adapters/storage/sqlite-storage';
import type { Config } from '@ota-connect/libaktualizr/config/config';
import { loadConfig } from '@ota-connect/libaktualizr/config/load-toml';
import { openKeys } from '@ota-connect/libaktualizr/wiring/keys';

import { EXIT_CODES, exitCodeOf, UsageError, type ExitCode } from '../exit-codes.ts';
import { printable, sentence } from '../output.ts';
import { readVersion } from '../version.ts';
import { getHelp, readGetArguments } from './get-arguments.ts';
import type { GetArguments } from './get-arguments.ts';

type Wanted = Extract<GetArguments, { action: 'get' }>;

let loglevel = 2;
process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<ExitCode> {
  try {
    const asked = readGetArguments(args);
    if (asked.action === 'get') await getByDevice(asked);
    else process.stdout.write(`${asked.action === 'help' ? getHelp() : readVersion()}\n`);
    return EXIT_CODES.ok;
  } catch (error) {
    return fail(error);
  }
}

async function getByDevice(asked: Wanted): Promise<void> {
  ({ loglevel } = asked);
  const { config } = await loadConfig({ paths: asked.configPaths });
  const storage = openStorage(config.storage, { readOnly: true });
  try {
    await getOver(config, storage, asked);
  } finally {
    storage.close();
  }
}

async function getOver(config: Config, stored: SqliteStorage, { url, headers }: Wanted): Promise<void> {
  const { storage } = await openKeys(config, stored);
  const credentials = storage.credentials.tls();
  if (credentials === undefined)
    throw new ProvisioningError(
      'not_provisioned',
      'This device has no credentials yet: it was never provisioned.',
    );
  const http = new HttpClient({
    credentials: () => credentials,
    userAgent: `Aktualizr/${readVersion()}`,
    proxy: { url: config.network.curlProxy, noProxy: config.network.noProxy },
    minBytesPerSecond: config.network.stallBytesPerSecond,
    windowMs: config.network.stallWindowSec * 1000,
  });
  try {
    await http.stream({ method: 'GET', url, headers }, (answer) => toStandardOutput(answer, url));
  } finally {
    http.close();
  }
}

async function toStandardOutput(answer: IncomingMessage, url: string): Promise<void> {
  const status = answer.statusCode ?? 0;
  if (status !== 200) {
    answer.destroy();
    throw new TransportError('http_status', `${url.split('?', 1)[0]} answered ${status}.`, {
      details: { status },
    });
  }
  try {
    await pipeline(answer, process.stdout, { end: false });
  } catch (error) {
    // Whoever reads has seen enough. What breaks off on the other side is no EPIPE.
    if (!isCode(error, 'EPIPE')) throw error;
  }
}

function fail(error: unknown): ExitCode {
  process.stderr.write(`aktualizr-get: ${printable(sentence(error))}\n`);
  for (let cause = causeOf(error); cause !== undefined && loglevel < 2; cause = causeOf(cause))
    process.stderr.write(`because: ${printable(sentence(cause))}\n`);
  if (error instanceof UsageError) process.stderr.write('See aktualizr-get --help.\n');
  if (error instanceof StorageError && error.details['missing'] === true) return EXIT_CODES.notProvisioned;
  return error instanceof CodedError || !isCode(error, 'ENOSPC') ? exitCodeOf(error) : EXIT_CODES.diskOrIo;
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
