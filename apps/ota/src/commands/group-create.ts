// `ota group create`: a fixed group of listed devices, or one that an expression on the device id describes.
import type { Command } from 'commander';
import { USER_API } from '@ota-connect/contract';
import type { CreateGroup, Group } from '@ota-connect/contract/user';
import { connect } from '../api.ts';
import { addVerb, collect } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { EXIT } from '../exit-codes.ts';
import { findDevice } from '../lookup.ts';
import { type OutputOptions, print } from '../output.ts';

type Options = OutputOptions & {
  readonly name: string;
  readonly device?: readonly string[];
  readonly expression?: string;
};

export function addGroupCreate(group: Command): void {
  const example = `ota group create --name fleet --device car-1 --device car-2
  ota group create --name bay --expression "deviceid contains bay-"`;
  addVerb(group, 'create', 'Make a group', example)
    .requiredOption('--name <name>', 'its name')
    .option('--device <device>', 'a device of a fixed group; may be repeated', collect)
    .option('--expression <text>', 'makes a group of all devices that match, also of later ones')
    .action(create);
}

async function create(options: Options): Promise<void> {
  if (options.expression !== undefined && options.device !== undefined) {
    const text = 'A group has devices or an expression; give --device or --expression, not both';
    throw new CommandError('usage', EXIT.usage, text);
  }
  const { name } = options;
  const api = connect();
  const deviceIds: string[] = [];
  for (const text of options.device ?? []) deviceIds.push((await findDevice(api, text)).deviceId);
  const body: CreateGroup =
    options.expression === undefined
      ? { name, kind: 'fixed', deviceIds }
      : { name, kind: 'expression', expression: options.expression };
  const made = await api.post<Group>(USER_API.groups, body);
  print(options, made, () => `Group ${made.name} with ${made.deviceCount} device(s): ${made.id}`);
}
