// `ota credentials list`: which shared credentials exist. Their content is handed out once only, when they are made.
import type { Command } from 'commander';
import { USER_API } from '@ota-connect/contract';
import type { Credentials } from '@ota-connect/contract/user';
import { connect } from '../api.ts';
import { addVerb } from '../command.ts';
import { type OutputOptions, print, table } from '../output.ts';

export function addCredentialsList(credentials: Command): void {
  addVerb(credentials, 'list', 'List shared credentials', 'ota credentials list').action(
    async (options: OutputOptions) => {
      const all = await connect().list<Credentials>(USER_API.credentials);
      print(options, { values: all }, () =>
        table(
          ['DESCRIPTION', 'CREATED', 'EXPIRES', 'ID'],
          all.map((each) => [each.description, each.createdAt, each.expiresAt, each.id]),
          'No credentials yet; make some with: ota credentials create --output credentials.zip',
        ),
      );
    },
  );
}
