import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PRIMARY, type RepositorySimulator } from '@ota-connect/testkit';
import { jsonObject, type JsonValue } from '../../src/index.ts';
import { goesOn, honestStart } from '../client.ts';

const forVehicle = (simulator: RepositorySimulator, vehicleId: JsonValue): void => {
  simulator.director.custom = jsonObject([
    ['correlationId', 'urn:here-ota:campaign:x'],
    ['vehicleId', vehicleId],
  ]);
};

async function start() {
  const { simulator, client } = await honestStart();
  client.vehicle = { ...client.vehicle, ids: new Set(['vehicle-a', 'VIN-A']) };
  return { simulator, client };
}

describe('Targets of another vehicle', () => {
  for (const directorFullRoles of ['auto', 'off'] as const) {
    it(`refuses the empty list of another vehicle, with full roles ${directorFullRoles} [5.2.3.1-3]`, async () => {
      const { simulator, client } = await start();
      client.vehicle = { ...client.vehicle, directorFullRoles };
      forVehicle(simulator, 'vehicle-b');
      await simulator.publish();
      const stored = client.director.load('targets');
      const error = await client.refuses('BadEcuId');
      assert.equal(error.attack, 'arbitrary software');
      assert.deepEqual(error.details, { vehicleId: 'vehicle-b' });
      assert.deepEqual(client.director.load('targets'), stored);
      await goesOn(simulator, client);
    });
  }

  it('refuses a list that names the right ECUs for another vehicle [5.2.3.1-3, check_targets/8]', async () => {
    const { simulator, client } = await start();
    simulator.offer('app.bin', 'app', [PRIMARY]);
    forVehicle(simulator, 'vehicle-b');
    await simulator.publish();
    await client.refuses('BadEcuId');
  });

  for (const id of ['vehicle-a', 'VIN-A']) {
    it(`takes the list of this vehicle by the name "${id}" [5.2.3.1-3]`, async () => {
      const { simulator, client } = await start();
      simulator.offer('app.bin');
      forVehicle(simulator, id);
      await simulator.publish();
      assert.equal((await client.updates()).length, 1);
    });
  }

  for (const id of ['', 'vehicle-A', ' vehicle-a', '__proto__']) {
    it(`takes "${id}" for another vehicle [5.2.3.1-3]`, async () => {
      const { simulator, client } = await start();
      forVehicle(simulator, id);
      await simulator.publish();
      await client.refuses('BadEcuId');
    });
  }

  it('refuses a vehicle id that is no text [5.2.3.1-3]', async () => {
    const { simulator, client } = await start();
    forVehicle(simulator, 7);
    await simulator.publish();
    await client.refuses('SecurityException::Targets');
  });

  it('takes a list without vehicle id, as original Directors sign it [5.2.3.1-3]', async () => {
    const { simulator, client } = await start();
    simulator.offer('app.bin');
    await simulator.publish();
    assert.equal((await client.updates()).length, 1);
  });

  it('takes any list, when nobody said what this vehicle is called [5.2.3.1-3]', async () => {
    const { simulator, client } = await honestStart();
    forVehicle(simulator, 'vehicle-b');
    await simulator.publish();
    assert.equal((await client.verify()).kind, 'nothing_new');
  });

  it('judges the stored list again without the network [5.2.3.1-3, 5.4.3.2-1]', async () => {
    const { simulator, client } = await start();
    simulator.offer('app.bin');
    forVehicle(simulator, 'vehicle-a');
    await simulator.publish();
    await client.updates();
    client.vehicle = { ...client.vehicle, ids: new Set(['vehicle-b']) };
    await assert.rejects(client.verifyStored(), { code: 'BadEcuId' });
  });
});
