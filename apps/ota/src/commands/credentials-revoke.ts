// `ota credentials revoke`: a lost credentials.zip registers no device any more. Devices that it registered stay.
import type { Command } from 'commander';
import { USER_API } from '@ota-connect/contract';
import { connect } from '../api.ts';
import { addVerb } from '../command.ts';
import { type OutputOptions, print } from '../output.ts';

export function addCredentialsRevoke(credentials: Command): void {
  const text = 'Revoke shared credentials (by their id)';
  addVerb(
    credentials,
    'revoke <id>',
    text,
    'ota credentials revoke 01a20fb3-bc7e-7073-b6f8-5a135d9bd355',
  ).action(async (id: string, options: OutputOptions) => {
    await connect().remove(`${USER_API.credentials}/${encodeURIComponent(id)}`);
    print(options, { id }, () => `Credentials ${id} are revoked: no device can start with them.`);
  });
}
