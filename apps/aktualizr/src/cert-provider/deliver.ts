// Brings the files to where they belong: below a local directory, or onto a device by the ssh and scp of this machine, with
// its keys, agents and questions. The private key is readable by its owner alone all the way. client-features CRT-05, -08
import { spawn } from 'node:child_process';
import { accessSync, chmodSync, constants, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, posix } from 'node:path';

import { ConfigError, StorageError, TransportError } from '@ota-connect/libaktualizr';

import type { Wishes } from './arguments.ts';
import type { DeviceFile } from './places.ts';

/** @throws StorageError `io` when nothing can be written there */
export function prepareDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true });
    accessSync(directory, constants.W_OK);
  } catch (cause) {
    const message = `Nothing can be written into ${directory}.`;
    throw new StorageError('io', message, { cause, details: { file: directory } });
  }
}

/** Answers the paths. What is there is replaced. @throws StorageError `io` */
export function writeLocally(files: readonly DeviceFile[], directory: string): readonly string[] {
  return files.map((file) => {
    const path = join(directory, file.path);
    write(file, path);
    return path;
  });
}

/** @throws TransportError `unreachable` when ssh or scp fails, ConfigError when they are not there */
export async function copyToDevice(
  files: readonly DeviceFile[],
  target: NonNullable<Wishes['target']>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'aktualizr-cert-provider-'));
  try {
    for (const file of files) {
      const source = join(folder, posix.basename(file.path));
      write(file, source);
      await run('ssh', [...options(target, '-p'), target.host, `mkdir -p ${posix.dirname(file.path)}`]);
      await run('scp', [...options(target, '-P'), source, `${target.host}:${file.path}`]);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function options({ port, acceptsAnyKey }: NonNullable<Wishes['target']>, portOption: '-p' | '-P'): string[] {
  return [
    ...(port === 22 ? [] : [portOption, String(port)]),
    ...(acceptsAnyKey ? ['-o', 'StrictHostKeyChecking=no'] : []),
  ];
}

function write({ content, isSecret }: DeviceFile, path: string): void {
  const mode = isSecret ? 0o600 : 0o644;
  try {
    mkdirSync(dirname(path), { recursive: true });
    // Not through a file or link that is there, which others may read.
    rmSync(path, { force: true });
    writeFileSync(path, content, { mode, flag: 'wx' });
    chmodSync(path, mode);
  } catch (cause) {
    throw new StorageError('io', `${path} cannot be written.`, { cause, details: { file: path } });
  }
}

/** What the program says goes to standard error: standard output is ours. */
async function run(program: 'ssh' | 'scp', args: readonly string[]): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const child = spawn(program, args, { stdio: ['inherit', 2, 2] });
  child.on('error', (cause) =>
    reject(new ConfigError('missing_file', `The program ${program} cannot be started.`, { cause })),
  );
  child.on('close', (code, signal) => {
    if (code === 0) resolve();
    else
      reject(
        new TransportError(
          'unreachable',
          `${program} failed with ${signal ?? `exit code ${code}`}: see above.`,
          {
            details: { program, code },
          },
        ),
      );
  });
  await promise;
}
