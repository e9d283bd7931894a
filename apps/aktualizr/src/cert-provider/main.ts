// aktualizr-cert-provider: the credentials of one device, made by the server or by the fleet's own authority, and brought to
// where the device imports them. Runs on the machine of whoever provisions devices. client-features 2 CRT-01 to -09
import type { Config } from '@ota-connect/libaktualizr/config/config';
import { loadConfig } from '@ota-connect/libaktualizr/config/load-toml';

import { EXIT_CODES, exitCodeOf, UsageError, type ExitCode } from '../exit-codes.ts';
import { printable, sentence } from '../output.ts';
import { readVersion } from '../version.ts';
import { helpText, readArguments, type Wishes } from './arguments.ts';
import { copyToDevice, prepareDirectory, writeLocally } from './deliver.ts';
import { makeIdentity } from './identity.ts';
import { deviceFiles, placesOf } from './places.ts';

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<ExitCode> {
  try {
    const asked = readArguments(args);
    if (asked.action === 'provide') await provide(asked);
    else process.stdout.write(`${asked.action === 'help' ? helpText() : readVersion()}\n`);
    return EXIT_CODES.ok;
  } catch (error) {
    process.stderr.write(`aktualizr-cert-provider: ${printable(sentence(error))}\n`);
    if (error instanceof UsageError) process.stderr.write('See aktualizr-cert-provider --help.\n');
    return exitCodeOf(error);
  }
}

async function provide(wishes: Wishes): Promise<void> {
  const say = (line: string) => {
    if (!wishes.isJson) process.stdout.write(`${printable(line)}\n`);
  };
  const config = await configOf(wishes);
  const places = placesOf(wishes.directory, config);
  // Before the server makes a device that then has no place.
  if (wishes.local !== undefined) prepareDirectory(wishes.local);
  const identity = await makeIdentity(wishes, {
    p12Password: config?.provision.p12Password ?? '',
    proxy: { url: config?.network.curlProxy ?? '', noProxy: config?.network.noProxy ?? '' },
    say,
  });
  say(`Device ID: ${identity.deviceId}`);
  const files = deviceFiles(identity, wishes, places);
  const { local, target } = wishes;
  const written = local === undefined ? [] : writeLocally(files, local);
  for (const path of written) say(`Written: ${path}`);
  if (target !== undefined) {
    await copyToDevice(files, target);
    for (const { path } of files) say(`Copied: ${target.host}:${path}`);
  }
  if (!wishes.isJson) return;
  const copied = target === undefined ? [] : files.map(({ path }) => path);
  const made = { deviceId: identity.deviceId, written, target: target?.host ?? null, copied };
  process.stdout.write(`${JSON.stringify(made, undefined, 2)}\n`);
}

async function configOf({ configPaths }: Wishes): Promise<Config | undefined> {
  if (configPaths.length === 0) return undefined;
  return (await loadConfig({ paths: configPaths })).config;
}
