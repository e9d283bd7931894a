// `ota session`: where we are signed in, as the server sees it.
import type { Command } from 'commander';
import { USER_API } from '@ota-connect/contract';
import type { Session } from '@ota-connect/contract/user';
import { connect } from '../api.ts';
import { addVerb } from '../command.ts';
import { type OutputOptions, details, print } from '../output.ts';

export function addSession(program: Command): void {
  addVerb(program, 'session', 'Show where you are signed in', 'ota session').action(
    async (options: OutputOptions) => {
      const api = connect();
      const session = await api.get<Session>(USER_API.session);
      print(options, { url: api.url, ...session }, () =>
        details([
          ['Server', api.url],
          ['Environment', session.environment],
          ['Token', session.token.name],
        ]),
      );
    },
  );
}
