// Where the step send-device-data gets what it sends; what [telemetry] switches off is never collected. client-protocol 3.9.
import { configurationReport } from '../config/configuration-report.ts';
import type { Config } from '../config/config.ts';
import type { DeviceDataSource } from '../steps/context.ts';
import { hardwareInfo, readHardwareInfoFile } from './hardware-info.ts';
import { networkInfo } from './network-info.ts';

/** `hardwareInfoFile` is read at once. Throws ConfigError when it cannot be used. */
export function createDeviceDataSource(config: Config, hardwareInfoFile?: string): DeviceDataSource {
  const custom = hardwareInfoFile === undefined ? undefined : readHardwareInfoFile(hardwareInfoFile);
  return {
    hardwareInfo: async () =>
      custom === undefined ? { body: hardwareInfo(), isCustom: false } : { body: custom, isCustom: true },
    networkInfo: async () => (config.telemetry.reportNetwork ? networkInfo() : undefined),
    configuration: () => (config.telemetry.reportConfig ? configurationReport(config) : undefined),
  };
}
