// The result of the whole device from the results of its ECUs, in the words and codes that servers group by.
// client-protocol 5.3.
import type { EcuSerial } from '@ota-connect/uptane';
import type { DeviceInstallationResult, InstallationResult } from '../ports.ts';

export function deviceResult(
  results: ReadonlyMap<EcuSerial, InstallationResult>,
  hardwareIdOf: (ecu: EcuSerial) => string,
  correlationId: string,
): DeviceInstallationResult {
  const ecus = Array.from(results, ([ecu, result]) => ({ ecu, result }));
  const failed = [...results].filter(([, result]) => !result.success);
  if (failed.length === 0) {
    // Spelled as the original sends it.
    const rawReport = 'Installation succesful';
    return {
      success: true,
      code: 'OK',
      description: 'Device has been successfully installed',
      rawReport,
      correlationId,
      ecus,
    };
  }
  const description = 'Installation failed on one or more ECUs';
  const code = failed.map(([ecu, result]) => `${hardwareIdOf(ecu)}:${result.code}`).join('|');
  return { success: false, code, description, rawReport: description, correlationId, ecus };
}
