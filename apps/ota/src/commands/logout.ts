// `ota logout`: forgets the stored server and token. The token stays valid on the server.
import type { Command } from 'commander';
import { addVerb } from '../command.ts';
import { type OutputOptions, print } from '../output.ts';
import { forgetSignIn } from '../sign-in.ts';

export function addLogout(program: Command): void {
  addVerb(program, 'logout', 'Forget the stored server and token', 'ota logout').action(
    (options: OutputOptions) => {
      forgetSignIn();
      print(options, { signedIn: false }, () => 'Signed out.');
    },
  );
}
