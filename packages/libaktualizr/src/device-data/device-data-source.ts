// Where the step send-device-data gets what it sends; what [telemetry] switches off is never collected. client-protocol 3.9.
import type { JsonObject } from '@ota-connect/uptane';
import { configurationReport } from '../config/configuration-report.ts';
import type { Config } from '../config/config.ts';
import type { DeviceDataSource } from '../steps/context.ts';
import { hardwareInfo } from './hardware-info.ts';
import { networkInfo } from './network-info.ts';

/** `custom`: hardware information in place of what the system tells. */
export function createDeviceDataSource(config: Config, custom?: JsonObject): DeviceDataSource {
  return {
    hardwareInfo: async () => custom ?? hardwareInfo(),
    networkInfo: async () => (config.telemetry.reportNetwork ? networkInfo() : undefined),
    configuration: () => (config.telemetry.reportConfig ? configurationReport(config) : undefined),
  };
}
