import { parseEcuSerial, parseHardwareId } from '@ota-connect/uptane';
import { secondaryContract } from './contracts/secondary.contract.ts';
import { RepositorySimulator, SECONDARY } from './repository-simulator.ts';
import { SecondarySimulator } from './secondary-simulator.ts';

for (const verification of ['full', 'partial'] as const) {
  secondaryContract(`simulated, ${verification} verification`, async () => {
    const simulator = await RepositorySimulator.create();
    const serial = parseEcuSerial(`secondary-${verification}`);
    const hardwareId = parseHardwareId(SECONDARY.hardwareId);
    const ecu = { serial, hardwareId };
    return {
      simulator,
      secondary: await SecondarySimulator.create({ ecu, verification, factory: simulator }),
    };
  });
}
