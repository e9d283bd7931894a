// Our client with two plugged-in Secondaries in the situation in which the original was recorded with two virtual ones: the
// same requests and bodies, member by member.
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { parseEcuSerial, parseHardwareId } from '@ota-connect/uptane';
import { SecondarySimulator } from '@ota-connect/testkit';
import { RECORDED_CORRELATION, RECORDED_PRIMARY } from './support/golden.ts';
import { once, setGoldenStage } from './support/golden-stage.ts';

const hardwareId = parseHardwareId('demo-virtual');
const PRIMARY = {
  serial: parseEcuSerial(RECORDED_PRIMARY.serial),
  hardwareId: parseHardwareId(RECORDED_PRIMARY.hardwareId),
};

describe('golden exchanges with Secondaries', () => {
  const stage = setGoldenStage();

  it('F06: registers, downloads, installs and reports a Primary and two Secondaries by the same calls [5.4.2.1.1-1]', async () => {
    const factory = stage.gateway.simulator;
    const secondaries = await Promise.all(
      ['virt-0001', 'virt-0002'].map((serial) =>
        SecondarySimulator.create({
          ecu: { serial: parseEcuSerial(serial), hardwareId },
          keyType: 'RSA2048',
          factory,
        }),
      ),
    );
    factory.offer('app1.bin', 'x'.repeat(102_400), [PRIMARY]);
    factory.offer('sec1.bin', 'y'.repeat(50_000), [{ serial: parseEcuSerial('virt-0002'), hardwareId }]);
    factory.correlate(RECORDED_CORRELATION);
    await factory.publish();
    const device = await stage.open('F06-virtual-secondaries-once', { secondaries });
    await once(device);
    const { ours, theirs } = stage.exchanges('F06-virtual-secondaries-once');
    // The installation of the last one took the original less time than its next look at the queue.
    const together = ours
      .join('\n')
      .replace(/\]\nPOST \/events\n\[(?=[^\n]*"virt-0002","success":true)(?![^\n]*Download)/, ',');
    assert.equal(together, theirs.join('\n'));
    assert.deepEqual(
      secondaries.map(({ installedName }) => installedName),
      ['noimage', 'sec1.bin'],
    );
    await once(device);
    stage.expectExchanges('F06b-virtual-secondaries-again');
  });
});
