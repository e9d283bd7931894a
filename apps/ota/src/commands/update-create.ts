// `ota update create`: which software on which hardware, and optionally only from which one.
import type { Command } from 'commander';
import { USER_API } from '@ota-connect/contract';
import type { CreateUpdate, Update } from '@ota-connect/contract/user';
import { connect } from '../api.ts';
import { addVerb, collect } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { EXIT } from '../exit-codes.ts';
import { type OutputOptions, print } from '../output.ts';
import { describeUpdate } from '../update.ts';

type Options = OutputOptions & {
  readonly name: string;
  readonly target: readonly string[];
  readonly from?: readonly string[];
  readonly description?: string;
};

export function addUpdateCreate(update: Command): void {
  const example = 'ota update create --name app-2 --target gateway=app-2.bin --from gateway=app-1.bin';
  addVerb(update, 'create', 'Define an update', example)
    .requiredOption('--name <name>', 'its name')
    .requiredOption('--target <hardwareId=filename>', 'software to install there; may be repeated', collect)
    .option('--from <hardwareId=filename>', 'only on ECUs that run this; may be repeated', collect)
    .option('--description <text>', 'for people')
    .action(create);
}

async function create(options: Options): Promise<void> {
  const targets = parsePairs('--target', options.target);
  const from = parsePairs('--from', options.from ?? []);
  for (const hardwareId of from.keys()) {
    if (!targets.has(hardwareId)) throw usage(`--from names ${hardwareId}, which has no --target`);
  }
  const body: CreateUpdate = {
    name: options.name,
    ...(options.description === undefined ? {} : { description: options.description }),
    targets: [...targets].map(([hardwareId, filename]) => {
      const source = from.get(hardwareId);
      return {
        hardwareId,
        ...(source === undefined ? {} : { from: { filename: source } }),
        to: { filename },
      };
    }),
  };
  const made = await connect().post<Update>(USER_API.updates, body);
  print(options, made, () => describeUpdate(made));
}

/** The first `=` divides; a hardware id holds none. */
function parsePairs(option: string, texts: readonly string[]): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>();
  for (const text of texts) {
    const at = text.indexOf('=');
    if (at <= 0 || at === text.length - 1) throw usage(`${option} must look like gateway=app-2.bin`);
    const hardwareId = text.slice(0, at);
    if (pairs.has(hardwareId)) throw usage(`${option} names ${hardwareId} twice`);
    pairs.set(hardwareId, text.slice(at + 1));
  }
  return pairs;
}

function usage(text: string): CommandError {
  return new CommandError('usage', EXIT.usage, `${text}; see: ota update create --help`);
}
