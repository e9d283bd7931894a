import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { generateKeyPair } from '@ota-connect/uptane';
import { startScratchServer, type ScratchServer } from '../../../test/app.ts';
import type { Answer } from '../../../test/device.ts';
import { createEcu, createVehicle, registrationOf, type Vehicle } from '../../../test/vehicle.ts';
import { assign, softwareTarget } from './test/assign.ts';

describe('ECU registration', () => {
  let server: ScratchServer;
  before(async () => {
    server = await startScratchServer();
  });
  after(() => server.dispose());

  const register = (vehicle: Vehicle, body: unknown): Promise<Answer> =>
    vehicle.device.send('POST', '/director/ecus', { body });
  const refusal = (answer: Answer): [number, unknown] => [answer.status, answer.json()['code']];

  it('answers 201 for a new device and 200 when the same comes again [5.3.2.2-2, 5.3.2.2-4]', async () => {
    const vehicle = await createVehicle(server, 'first', ['gateway', 'motor']);
    assert.equal((await vehicle.register()).status, 201);
    assert.equal((await vehicle.register()).status, 200);
    const [device] = (
      (await (await server.api('GET', '/devices?deviceId=first')).json()) as { values: { uuid: string }[] }
    ).values;
    const shown = (await (await server.api('GET', `/devices/${device?.uuid}`)).json()) as { ecus: unknown };
    assert.deepEqual(shown.ecus, [
      { serial: 'first-ecu-0', hardwareId: 'gateway', primary: true },
      { serial: 'first-ecu-1', hardwareId: 'motor', primary: false },
    ]);
  });

  it('takes an RSA key of 2048 bits and refuses one of 1024', async () => {
    const vehicle = await createVehicle(server, 'rsa');
    const { publicKey } = await generateKeyPair('RSA2048');
    vehicle.primary.publicKey = publicKey;
    assert.equal((await vehicle.register()).status, 201);
    const { generateKeyPairSync } = await import('node:crypto');
    const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({
      type: 'spki',
      format: 'pem',
    });
    vehicle.primary.publicKey = { keytype: 'RSA', keyval: { public: weak.toString() } };
    assert.deepEqual(refusal(await vehicle.register()), [400, 'invalid_entity']);
  });

  it('refuses what looks like a private key and quotes none of it [5.3.2.2-3]', async () => {
    const vehicle = await createVehicle(server, 'private');
    const rsa = await generateKeyPair('RSA2048');
    const ed25519 = await generateKeyPair('ED25519');
    const keys = [
      { keytype: 'RSA', keyval: { public: rsa.privateKey } },
      { keytype: 'ED25519', keyval: { public: ed25519.privateKey } },
      { keytype: 'RSA', keyval: { public: rsa.publicKey.keyval.public, private: 'secret' } },
    ];
    for (const clientKey of keys) {
      const ecus = [{ ecu_serial: 's', hardware_identifier: 'gateway', clientKey }];
      const answer = await register(vehicle, { primary_ecu_serial: 's', ecus });
      assert.deepEqual(refusal(answer), [400, 'invalid_entity']);
      assert.doesNotMatch(answer.body.toString(), /BEGIN|secret|[0-9a-f]{64}/i);
    }
  });

  it('refuses a Primary that is not among the ECUs', async () => {
    const vehicle = await createVehicle(server, 'headless');
    const answer = await register(vehicle, registrationOf(vehicle.ecus, 'someone-else'));
    assert.deepEqual(refusal(answer), [400, 'primary_is_not_listed_for_device']);
  });

  it('refuses bodies that are no registration', async () => {
    const vehicle = await createVehicle(server, 'malformed');
    const { publicKey } = vehicle.primary;
    const ecu = { ecu_serial: 's', hardware_identifier: 'gateway', clientKey: publicKey };
    const bodies = [
      [],
      {},
      { primary_ecu_serial: 's', ecus: [] },
      { primary_ecu_serial: 's', ecus: [ecu, ecu] },
      { ecus: [ecu] },
      {
        primary_ecu_serial: 's',
        ecus: [{ ...ecu, clientKey: { keytype: 'unknown', keyval: { public: '' } } }],
      },
      { primary_ecu_serial: 'sérial', ecus: [{ ...ecu, ecu_serial: 'sérial' }] },
      { primary_ecu_serial: 's', ecus: [{ ...ecu, hardware_identifier: 'gâteway' }] },
    ];
    for (const body of bodies)
      assert.deepEqual(refusal(await register(vehicle, body)), [400, 'invalid_entity']);
  });

  it('refuses an ECU that another device has [5.3.2.2-2]', async () => {
    const owner = await createVehicle(server, 'owner');
    const thief = await createVehicle(server, 'thief');
    await owner.register();
    const answer = await register(thief, registrationOf([owner.primary], owner.primary.serial));
    assert.deepEqual(refusal(answer), [409, 'ecu_already_registered']);
  });

  it('replaces keys and ECUs, and lets no removed ECU come back', async () => {
    const vehicle = await createVehicle(server, 'garage', ['gateway', 'motor']);
    await vehicle.register();
    const [primary, motor] = vehicle.ecus;
    assert.ok(primary && motor);
    const spare = await createEcu('garage-spare', 'motor');
    const next = [await createEcu(primary.serial, 'gateway'), spare];
    assert.equal((await register(vehicle, registrationOf(next, primary.serial))).status, 200);
    const back = await register(vehicle, registrationOf([...next, motor], primary.serial));
    assert.deepEqual(refusal(back), [409, 'ecu_reuse_not_allowed']);
    const elsewhere = await createVehicle(server, 'elsewhere');
    const moved = await register(
      elsewhere,
      registrationOf([elsewhere.primary, motor], elsewhere.primary.serial),
    );
    assert.equal(moved.status, 201, 'a part that was taken out may be built in elsewhere');
  });

  it('keeps an ECU that an update is under way for', async () => {
    const vehicle = await createVehicle(server, 'busy', ['gateway', 'motor']);
    await vehicle.register();
    await assign(server, vehicle, {
      correlationId: 'urn:here-ota:mtu:1',
      targets: [softwareTarget('motor', 'm-2')],
    });
    const [primary, motor] = vehicle.ecus;
    assert.ok(primary && motor);
    const removed = await register(vehicle, registrationOf([primary], primary.serial));
    assert.deepEqual(refusal(removed), [412, 'replace_ecu_assignment_exists']);
    const other = registrationOf([primary, { ...motor, hardwareId: 'other' }], primary.serial);
    assert.deepEqual(refusal(await register(vehicle, other)), [412, 'replace_ecu_assignment_exists']);
    const more = [primary, motor, await createEcu('busy-new', 'camera')];
    assert.equal((await register(vehicle, registrationOf(more, primary.serial))).status, 200);
  });

  it('has no metadata for a device without ECUs', async () => {
    const vehicle = await createVehicle(server, 'bare');
    const answer = await vehicle.device.send('GET', '/director/targets.json');
    assert.deepEqual(refusal(answer), [404, 'missing_entity']);
  });
});
