// `ota software list`: what devices can be told to install.
import type { Command } from 'commander';
import { USER_API } from '@ota-connect/contract';
import type { Software } from '@ota-connect/contract/user';
import { connect } from '../api.ts';
import { addVerb, parseCount } from '../command.ts';
import { type OutputOptions, bytes, print, table } from '../output.ts';

type Options = OutputOptions & { readonly limit?: number };

export function addSoftwareList(software: Command): void {
  addVerb(software, 'list', 'List uploaded software', 'ota software list')
    .option('--limit <count>', 'at most so many', parseCount)
    .action(async (options: Options) => {
      const all = await connect().list<Software>(USER_API.software, {}, options.limit);
      print(options, { values: all }, () =>
        table(
          ['FILENAME', 'NAME', 'VERSION', 'HARDWARE', 'SIZE', 'CREATED'],
          all.map((each) => [
            each.filename,
            each.name,
            each.version,
            each.hardwareIds.join(', '),
            bytes(each.lengthBytes),
            each.createdAt,
          ]),
          'No software yet; upload some with: ota software upload FILE --hardware-ids IDS',
        ),
      );
    });
}
