// `ota software upload`: streams a file to the Image repository, whatever its size, and signs it in as software. A cut
// upload stores nothing on the server.
import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import type { Command } from 'commander';
import { USER_API } from '@ota-connect/contract';
import type { Software } from '@ota-connect/contract/user';
import { connect } from '../api.ts';
import { addVerb } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { EXIT } from '../exit-codes.ts';
import { type OutputOptions, print } from '../output.ts';
import { startProgress } from '../progress.ts';
import { describeSoftware } from '../software.ts';

type Options = OutputOptions & {
  readonly hardwareIds: string;
  readonly filename?: string;
  readonly name?: string;
  readonly version?: string;
};

const CHUNK_BYTES = 256 * 1024;

export function addSoftwareUpload(software: Command): void {
  const example = 'ota software upload build/app-2.bin --hardware-ids gateway --version 2';
  addVerb(software, 'upload <file>', 'Upload a file that devices can install', example)
    .requiredOption('--hardware-ids <ids>', 'hardware it is made for, with commas between')
    .option('--filename <name>', 'its name for devices, for good (default: the name of the file)')
    .option('--name <text>', 'name for people')
    .option('--version <text>', 'version for people')
    .action(upload);
}

async function upload(path: string, options: Options): Promise<void> {
  const api = connect();
  const filename = options.filename ?? basename(path);
  const query = {
    hardwareIds: options.hardwareIds,
    name: options.name,
    version: options.version,
  };
  const file = await openFile(path);
  try {
    const lengthBytes = await lengthOf(file, path);
    const stream = Readable.from(readWhole(file, lengthBytes, path), { objectMode: false });
    // A server closes on whoever is not signed in without reading the body, and its answer can be lost with the connection.
    await api.get(USER_API.session);
    const { status, value } = await api.upload<Software>(
      `${USER_API.software}/${encodeURIComponent(filename)}`,
      query,
      { stream, lengthBytes },
    );
    const done = status === 200 ? 'The same file was there already.' : 'Uploaded and signed.';
    print(options, value, () => `${done}\n\n${describeSoftware(value)}`);
  } finally {
    await file.close();
  }
}

/** Exactly the announced bytes: a file that shrinks or grows meanwhile is refused on our side. */
async function* readWhole(file: FileHandle, lengthBytes: number, path: string): AsyncGenerator<Buffer> {
  const progress = startProgress(`Uploading ${basename(path)}`, lengthBytes);
  try {
    let sent = 0;
    while (sent < lengthBytes) {
      const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, lengthBytes - sent));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, sent);
      if (bytesRead === 0) throw changed(path);
      sent += bytesRead;
      if (sent === lengthBytes && (await file.stat()).size !== lengthBytes) throw changed(path);
      progress.at(sent);
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    progress.end();
  }
}

function changed(path: string): CommandError {
  return new CommandError('file_changed', EXIT.usage, `${path} changed during the upload; upload it again.`);
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (error) {
    throw new CommandError('no_file', EXIT.usage, `Cannot read ${path}; does the file exist?`, {
      cause: error,
    });
  }
}

async function lengthOf(file: FileHandle, path: string): Promise<number> {
  const stat = await file.stat();
  if (stat.isFile()) return stat.size;
  throw new CommandError('no_file', EXIT.usage, `${path} is not a file; only files can be uploaded`);
}
