// `ota campaign devices`: every device of a campaign, with its state and, where it ended badly, why. The reason is long, so
// people see no UUID beside it: the device id names the device as well.
import type { Command } from 'commander';
import { USER_API } from '@ota-connect/contract';
import type { CampaignDevice } from '@ota-connect/contract/user';
import { connect } from '../api.ts';
import { addVerb, parseCount } from '../command.ts';
import { findCampaign } from '../lookup.ts';
import { type OutputOptions, print, table } from '../output.ts';

type Options = OutputOptions & { readonly limit?: number };

export function addCampaignDevices(campaign: Command): void {
  addVerb(campaign, 'devices <campaign>', 'List the devices of a campaign', 'ota campaign devices spring')
    .option('--limit <count>', 'at most so many', parseCount)
    .action(async (text: string, options: Options) => {
      const api = connect();
      const { id } = await findCampaign(api, text);
      const path = `${USER_API.campaigns}/${id}/devices`;
      const devices = await api.list<CampaignDevice>(path, {}, options.limit);
      print(options, { values: devices }, () =>
        table(
          ['DEVICE ID', 'STATE', 'UPDATED', 'REASON'],
          devices.map((each) => [
            each.deviceId,
            each.state,
            each.updatedAt,
            each.reason === undefined ? undefined : `${each.reason.code} ${each.reason.description}`,
          ]),
          'No devices in it yet; they appear when it is launched.',
        ),
      );
    });
}
