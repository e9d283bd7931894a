// The ECUs of a vehicle at the server: registered with their keys at the first contact, and anew when the set changes.
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { parseEcuSerial, parseHardwareId } from '@ota-connect/uptane';
import { SecondarySimulator } from '@ota-connect/testkit';
import { setGoldenStage } from './support/golden-stage.ts';

const NAME = 'F06-virtual-secondaries-once';

describe('registration of Secondaries', () => {
  const stage = setGoldenStage();
  const create = (serial: string, hardwareId = 'door-ctl') =>
    SecondarySimulator.create({
      ecu: { serial: parseEcuSerial(serial), hardwareId: parseHardwareId(hardwareId) },
      factory: stage.gateway.simulator,
    });
  const registered = () =>
    stage.gateway.requests
      .splice(0)
      .filter(({ path }) => path === '/director/ecus')
      .map(({ text }) => (JSON.parse(text) as { ecus: { ecu_serial: string }[] }).ecus)
      .map((ecus) => ecus.map(({ ecu_serial }) => ecu_serial));
  const primary = 'CA:FE:A6:D2:84:9D';

  it('sends every ECU with its key once, the Primary first', async () => {
    const secondaries = [await create('door-1'), await create('door-2')];
    const { aktualizr } = await stage.open(NAME, { secondaries });
    await aktualizr.checkUpdates();
    const [request] = stage.gateway.requests.filter(({ path }) => path === '/director/ecus');
    const { ecus } = JSON.parse(request?.text ?? '{}');
    assert.deepEqual(ecus[1], {
      clientKey: secondaries[0]?.identity.publicKey,
      ecu_serial: 'door-1',
      hardware_identifier: 'door-ctl',
    });
    assert.deepEqual(registered(), [[primary, 'door-1', 'door-2']]);
    await aktualizr.checkUpdates();
    assert.deepEqual(registered(), []);
  });

  it('is sent again when a Secondary is added, replaced or gone, and what became of the old ones is kept', async () => {
    const [one, two, other] = [await create('door-1'), await create('door-2'), await create('door-3')];
    const first = await stage.open(NAME, { secondaries: [one] });
    await first.aktualizr.checkUpdates();
    first.aktualizr.setSecondaryData(one.identity.serial, 'at the left');
    const second = await stage.open(NAME, { secondaries: [one, two] });
    await second.aktualizr.checkUpdates();
    const third = await stage.open(NAME, { secondaries: [one, other] });
    await third.aktualizr.checkUpdates();
    assert.deepEqual(registered(), [
      [primary, 'door-1'],
      [primary, 'door-1', 'door-2'],
      [primary, 'door-1', 'door-3'],
    ]);
    assert.deepEqual(
      third.aktualizr.secondaries().map(({ serial, data }) => [serial, data]),
      [
        ['door-1', 'at the left'],
        ['door-3', undefined],
      ],
    );
    assert.deepEqual(third.storage.inspection.removedEcus(), [{ serial: 'door-2', hardwareId: 'door-ctl' }]);
  });

  it('is tried again by the next verb, when the server did not answer', async () => {
    const { aktualizr } = await stage.open(NAME, { secondaries: [await create('door-1')] });
    stage.gateway.faultOf = ({ path }) => (path === '/director/ecus' ? { kind: 'drop' } : undefined);
    await assert.rejects(aktualizr.checkUpdates());
    assert.deepEqual(aktualizr.ecus(), []);
    stage.gateway.faultOf = () => undefined;
    await aktualizr.checkUpdates();
    assert.deepEqual(
      aktualizr.ecus().map(({ serial }) => serial),
      [primary, 'door-1'],
    );
  });
});
