// `ota group list`
import type { Command } from 'commander';
import { USER_API } from '@ota-connect/contract';
import type { Group } from '@ota-connect/contract/user';
import { connect } from '../api.ts';
import { addVerb, parseCount } from '../command.ts';
import { type OutputOptions, print, table } from '../output.ts';

type Options = OutputOptions & { readonly limit?: number };

export function addGroupList(group: Command): void {
  addVerb(group, 'list', 'List groups', 'ota group list')
    .option('--limit <count>', 'at most so many', parseCount)
    .action(async (options: Options) => {
      const groups = await connect().list<Group>(USER_API.groups, {}, options.limit);
      print(options, { values: groups }, () =>
        table(
          ['NAME', 'KIND', 'DEVICES', 'EXPRESSION', 'ID'],
          groups.map((each) => [each.name, each.kind, each.deviceCount, each.expression, each.id]),
          'No groups yet; make one with: ota group create --name NAME --device DEVICE',
        ),
      );
    });
}
