// `ota device events`: what a device has told, as it told it.
import type { Command } from 'commander';
import { USER_API } from '@ota-connect/contract';
import type { StoredEvent } from '@ota-connect/contract/user';
import { connect } from '../api.ts';
import { addVerb, parseCount } from '../command.ts';
import { findDevice } from '../lookup.ts';
import { type OutputOptions, print, table } from '../output.ts';

type Options = OutputOptions & { readonly correlationId?: string; readonly limit?: number };

export function addDeviceEvents(device: Command): void {
  addVerb(device, 'events <device>', 'List the events of one device', 'ota device events car-1')
    .option('--correlation-id <id>', 'only events of this update')
    .option('--limit <count>', 'at most so many', parseCount)
    .action(async (text: string, options: Options) => {
      const api = connect();
      const { uuid } = await findDevice(api, text);
      const path = `${USER_API.devices}/${uuid}/events`;
      const query = { correlationId: options.correlationId };
      const events = await api.list<StoredEvent>(path, query, options.limit);
      print(options, { values: events }, () =>
        table(
          ['DEVICE TIME', 'EVENT', 'ECU', 'SUCCESS', 'BELONGS TO'],
          events.map((each) => [
            each.deviceTime,
            each.eventType.id,
            simple(each.event['ecu']),
            simple(each.event['success']),
            simple(each.event['correlationId'] ?? each.event['campaignId']),
          ]),
          'No events yet.',
        ),
      );
    });
}

function simple(value: unknown): string | boolean | undefined {
  return typeof value === 'string' || typeof value === 'boolean' ? value : undefined;
}
