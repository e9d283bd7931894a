// `ota update show`
import type { Command } from 'commander';
import { connect } from '../api.ts';
import { addVerb } from '../command.ts';
import { findUpdate } from '../lookup.ts';
import { type OutputOptions, print } from '../output.ts';
import { describeUpdate } from '../update.ts';

export function addUpdateShow(update: Command): void {
  addVerb(update, 'show <update>', 'Show one update', 'ota update show app-2').action(
    async (text: string, options: OutputOptions) => {
      const found = await findUpdate(connect(), text);
      print(options, found, () => describeUpdate(found));
    },
  );
}
