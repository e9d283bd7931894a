// `ota campaign create`: plans an update for groups; nothing reaches a device before `ota campaign launch`.
import type { Command } from 'commander';
import { USER_API } from '@ota-connect/contract';
import type { Campaign, CreateCampaign } from '@ota-connect/contract/user';
import { connect } from '../api.ts';
import { describeCampaign } from '../campaign.ts';
import { addVerb, collect, parseCount } from '../command.ts';
import { findGroup, findUpdate } from '../lookup.ts';
import { type OutputOptions, print } from '../output.ts';

type Options = OutputOptions & {
  readonly name: string;
  readonly update: string;
  readonly group: readonly string[];
  readonly approvalNeeded?: boolean;
  readonly description?: string;
  readonly estimatedInstallation?: number;
  readonly estimatedPreparation?: number;
};

export function addCampaignCreate(campaign: Command): void {
  const example = 'ota campaign create --name spring --update app-2 --group fleet --approval-needed';
  addVerb(campaign, 'create', 'Plan an update for groups of devices', example)
    .requiredOption('--name <name>', 'its name')
    .requiredOption('--update <update>', 'the update (name or id)')
    .requiredOption('--group <group>', 'a group (name or id); may be repeated', collect)
    .option('--approval-needed', 'each device is asked for its consent first')
    .option('--description <text>', 'shown where consent is asked')
    .option('--estimated-installation <seconds>', 'shown where consent is asked', parseCount)
    .option('--estimated-preparation <seconds>', 'shown where consent is asked', parseCount)
    .action(create);
}

async function create(options: Options): Promise<void> {
  const api = connect();
  const update = await findUpdate(api, options.update);
  const groupIds: string[] = [];
  for (const text of options.group) groupIds.push((await findGroup(api, text)).id);
  const body: CreateCampaign = {
    name: options.name,
    updateId: update.id,
    groupIds,
    approvalNeeded: options.approvalNeeded ?? false,
    ...(options.description === undefined ? {} : { description: options.description }),
    ...(options.estimatedInstallation === undefined
      ? {}
      : { estimatedInstallationSeconds: options.estimatedInstallation }),
    ...(options.estimatedPreparation === undefined
      ? {}
      : { estimatedPreparationSeconds: options.estimatedPreparation }),
  };
  const made = await api.post<Campaign>(USER_API.campaigns, body);
  print(options, made, () => `${describeCampaign(made)}\n\nStart it with: ota campaign launch ${made.id}`);
}
