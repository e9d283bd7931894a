// `ota software show`: one uploaded file.
import type { Command } from 'commander';
import { USER_API } from '@ota-connect/contract';
import type { Software } from '@ota-connect/contract/user';
import { connect } from '../api.ts';
import { addVerb } from '../command.ts';
import { type OutputOptions, print } from '../output.ts';
import { describeSoftware } from '../software.ts';

export function addSoftwareShow(software: Command): void {
  addVerb(software, 'show <filename>', 'Show one uploaded file', 'ota software show app-2.bin').action(
    async (filename: string, options: OutputOptions) => {
      const found = await connect().get<Software>(`${USER_API.software}/${encodeURIComponent(filename)}`);
      print(options, found, () => describeSoftware(found));
    },
  );
}
