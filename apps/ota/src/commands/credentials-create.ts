// `ota credentials create`: makes shared credentials and writes credentials.zip, which exists nowhere else afterwards.
// The file is opened before the server is asked, so that nothing is made that cannot be kept.
import { type FileHandle, open, rm } from 'node:fs/promises';
import type { Command } from 'commander';
import { USER_API } from '@ota-connect/contract';
import type { CreateCredentials } from '@ota-connect/contract/user';
import { connect } from '../api.ts';
import { addVerb, parseCount } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { EXIT } from '../exit-codes.ts';
import { type OutputOptions, print } from '../output.ts';
import { errorCode } from '../sign-in.ts';

type Options = OutputOptions & {
  readonly output: string;
  readonly description?: string;
  readonly validDays?: number;
};

const ID_HEADER = 'x-credentials-id';

export function addCredentialsCreate(credentials: Command): void {
  const example = 'ota credentials create --output credentials.zip --valid-days 30';
  addVerb(credentials, 'create', 'Make shared credentials for new devices', example)
    .requiredOption('--output <file>', 'the file to write, which must not exist yet')
    .option('--description <text>', 'for people')
    .option('--valid-days <days>', 'how long devices can start with it', parseCount)
    .action(create);
}

async function create(options: Options): Promise<void> {
  const body: CreateCredentials = {
    ...(options.description === undefined ? {} : { description: options.description }),
    ...(options.validDays === undefined ? {} : { validDays: options.validDays }),
  };
  const api = connect();
  const file = await openNew(options.output);
  let kept = false;
  try {
    const answer = await api.postForFile(USER_API.credentials, body);
    await file.writeFile(answer.body);
    await file.sync();
    kept = true;
    const id = answer.header(ID_HEADER);
    print(
      options,
      { id, output: options.output },
      () => `Credentials ${id ?? ''} written to ${options.output}.`,
    );
  } finally {
    await file.close();
    if (!kept) await rm(options.output, { force: true });
  }
}

async function openNew(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'wx', 0o600);
  } catch (error) {
    const text =
      errorCode(error) === 'EEXIST'
        ? `${path} exists already; give a name that is free`
        : `Cannot write ${path}; does its folder exist?`;
    throw new CommandError('output_not_writable', EXIT.usage, text, { cause: error });
  }
}
