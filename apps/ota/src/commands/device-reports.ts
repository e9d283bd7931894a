// `ota device reports`: the installation reports that a device has sent, as it signed them.
import type { Command } from 'commander';
import { USER_API } from '@ota-connect/contract';
import type { DeviceInstallationReport } from '@ota-connect/contract/user';
import { connect } from '../api.ts';
import { addVerb, parseCount } from '../command.ts';
import { findDevice } from '../lookup.ts';
import { type OutputOptions, print, table } from '../output.ts';

type Options = OutputOptions & { readonly limit?: number };

export function addDeviceReports(device: Command): void {
  addVerb(
    device,
    'reports <device>',
    'List the installation reports of one device',
    'ota device reports car-1',
  )
    .option('--limit <count>', 'at most so many', parseCount)
    .action(async (text: string, options: Options) => {
      const api = connect();
      const { uuid } = await findDevice(api, text);
      const path = `${USER_API.devices}/${uuid}/installation-reports`;
      const reports = await api.list<DeviceInstallationReport>(path, {}, options.limit);
      print(options, { values: reports }, () => reportsTable(reports));
    });
}

function reportsTable(reports: readonly DeviceInstallationReport[]): string {
  return table(
    ['RECEIVED', 'RESULT', 'DESCRIPTION', 'ECUS', 'TIMES', 'CORRELATION ID'],
    reports.map((report) => [
      report.receivedAt,
      report.result.code,
      report.result.description,
      report.items.map((item) => `${item.ecu}: ${item.result.code}`).join(', '),
      String(report.timesReceived),
      report.correlationId,
    ]),
    'No installation reports yet.',
  );
}
