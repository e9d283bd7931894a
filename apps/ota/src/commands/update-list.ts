// `ota update list`
import type { Command } from 'commander';
import { USER_API } from '@ota-connect/contract';
import type { Update } from '@ota-connect/contract/user';
import { connect } from '../api.ts';
import { addVerb, parseCount } from '../command.ts';
import { type OutputOptions, print, table } from '../output.ts';

type Options = OutputOptions & { readonly limit?: number };

export function addUpdateList(update: Command): void {
  addVerb(update, 'list', 'List updates', 'ota update list')
    .option('--limit <count>', 'at most so many', parseCount)
    .action(async (options: Options) => {
      const updates = await connect().list<Update>(USER_API.updates, {}, options.limit);
      print(options, { values: updates }, () =>
        table(
          ['NAME', 'TARGETS', 'CREATED', 'ID'],
          updates.map((each) => [each.name, targets(each), each.createdAt, each.id]),
          'No updates yet; make one with: ota update create --name NAME --target HARDWARE_ID=FILENAME',
        ),
      );
    });
}

function targets(update: Update): string {
  return update.targets.map((each) => `${each.hardwareId}=${each.to.filename}`).join(', ');
}
