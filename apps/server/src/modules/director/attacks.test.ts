import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { DeviceAttack } from '@ota-connect/contract/user';
import { manualClock, startScratchServer, type ScratchServer } from '../../../test/app.ts';
import { scratchFolder } from '../../../test/scratch-folder.ts';
import { createOnlineVehicle, type Vehicle } from '../../../test/vehicle.ts';
import { openDatabase } from '../../platform/db/database.ts';
import { uuidOf } from './test/assign.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const clock = manualClock(Date.parse('2026-11-25T01:00:00Z'));
const warnings: Record<string, unknown>[] = [];

let server: ScratchServer;
before(async () => {
  server = await startScratchServer({ clock });
  server.ctx.log.warn = ((fields: Record<string, unknown>) => void warnings.push(fields)) as never;
});
after(() => server.dispose());

const iso = (): string => `${new Date(clock.now()).toISOString().slice(0, 19)}Z`;

async function attacksOf(vehicle: Vehicle): Promise<DeviceAttack[]> {
  const uuid = await uuidOf(server, vehicle.deviceId);
  const answer = await server.api('GET', `/devices/${uuid}/attacks`);
  assert.equal(answer.status, 200);
  return ((await answer.json()) as { values: DeviceAttack[] }).values;
}

async function tell(vehicle: Vehicle, text: string, serial = vehicle.primary.serial): Promise<void> {
  const answer = await vehicle.putManifest({ attacks: { [serial]: text } });
  assert.equal(answer.status, 200, answer.body.toString());
}

describe('attacks that a device tells of', () => {
  it('are shown with the device, and in a list of their own, newest first [5.4.2.1.2-4]', async () => {
    const vehicle = await createOnlineVehicle(server, 'told', ['gateway', 'motor']);
    const [gateway, motor] = vehicle.ecus.map((ecu) => ecu.serial);
    const first = iso();
    await tell(vehicle, 'rollback: Rollback');
    clock.advance(2 * MINUTE);
    await tell(vehicle, 'freeze: ExpiredMetadata::Timestamp', motor);
    const expected = [
      { ecuSerial: motor, text: 'freeze: ExpiredMetadata::Timestamp', at: iso(), firstAt: iso() },
      { ecuSerial: gateway, text: 'rollback: Rollback', at: first, firstAt: first },
    ];
    assert.deepEqual(await attacksOf(vehicle), expected);
    const uuid = await uuidOf(server, 'told');
    const shown = (await (await server.api('GET', `/devices/${uuid}`)).json()) as { attacks: unknown };
    assert.deepEqual(shown.attacks, expected);
  });

  it('are none where none were told', async () => {
    const vehicle = await createOnlineVehicle(server, 'calm');
    assert.deepEqual(await attacksOf(vehicle), []);
    const uuid = await uuidOf(server, 'calm');
    const shown = (await (await server.api('GET', `/devices/${uuid}`)).json()) as { attacks: unknown };
    assert.deepEqual(shown.attacks, []);
  });

  it('are one for an ECU and a text, with the times of the first and the last', async () => {
    const vehicle = await createOnlineVehicle(server, 'repeats', ['gateway', 'motor']);
    const first = iso();
    await tell(vehicle, 'rollback: Rollback');
    clock.advance(MINUTE);
    await tell(vehicle, 'rollback: Rollback');
    assert.deepEqual(
      (await attacksOf(vehicle)).map(({ at }) => at),
      [first],
      'a poll later it is no news',
    );
    clock.advance(2 * HOUR);
    await tell(vehicle, 'rollback: Rollback');
    await tell(vehicle, 'rollback: Rollback', vehicle.ecus[1]?.serial);
    assert.deepEqual(
      (await attacksOf(vehicle)).map(({ ecuSerial, firstAt, at }) => [ecuSerial, firstAt, at]),
      [
        [vehicle.ecus[1]?.serial, iso(), iso()],
        [vehicle.primary.serial, first, iso()],
      ],
    );
  });

  it('are logged once as a warning that names the device', async () => {
    const vehicle = await createOnlineVehicle(server, 'logged');
    warnings.length = 0;
    for (let time = 0; time < 3; time += 1) await tell(vehicle, `slow: SlowRetrieval ${'x'.repeat(2_000)}`);
    assert.equal(warnings.length, 1);
    const { reports, ...fields } = warnings[0] ?? {};
    assert.deepEqual(fields, { device: await uuidOf(server, 'logged'), deviceId: 'logged', ecus: 1 });
    const [report] = reports as { ecu: string; seen: string }[];
    assert.equal(report?.ecu, vehicle.primary.serial);
    assert.equal(report?.seen.length, 500);
  });

  it('keep to a bound: 1024 characters each, 100 of a device, 10 with the device', async () => {
    const vehicle = await createOnlineVehicle(server, 'talkative');
    const long = `${'y'.repeat(1_023)}\u{1F697}${'z'.repeat(9_000)}`;
    const first = iso();
    await tell(vehicle, long);
    clock.advance(MINUTE);
    await tell(vehicle, long);
    assert.deepEqual(
      (await attacksOf(vehicle)).map(({ text, at }) => [text, at]),
      [[`${'y'.repeat(1_023)}\uFFFD`, first]],
    );
    for (let number = 0; number < 105; number += 1) {
      clock.advance(1_000);
      await tell(vehicle, `attack ${number}`);
    }
    const texts = (await attacksOf(vehicle)).map(({ text }) => text);
    assert.deepEqual([texts.length, texts[0], texts.at(-1)], [100, 'attack 104', 'attack 5']);
    const uuid = await uuidOf(server, 'talkative');
    const query = server.ctx.db.selectFrom('director_attacks').selectAll().where('device_uuid', '=', uuid);
    assert.equal((await query.execute()).length, 100);
    const shown = (await (await server.api('GET', `/devices/${uuid}`)).json()) as { attacks: DeviceAttack[] };
    assert.deepEqual(
      shown.attacks.map(({ text }) => text),
      texts.slice(0, 10),
    );
  });

  it('are on the disk before the device knows that they arrived', async () => {
    const vehicle = await createOnlineVehicle(server, 'durable');
    await tell(vehicle, 'mix-and-match: MetadataHashMismatch::Targets');
    const copy = join(scratchFolder(), 'ota-connect.db');
    copyFileSync(join(server.dataDir, 'ota-connect.db'), copy);
    const db = openDatabase(copy);
    const uuid = await uuidOf(server, 'durable');
    const rows = await db
      .selectFrom('director_attacks')
      .selectAll()
      .where('device_uuid', '=', uuid)
      .execute();
    await db.destroy();
    assert.equal(rows.length, 1);
  });

  it('are not taken from a manifest that is refused', async () => {
    const vehicle = await createOnlineVehicle(server, 'forged-attack');
    const other = await createOnlineVehicle(server, 'forger');
    const attacks = { [vehicle.primary.serial]: 'rollback: Rollback' };
    assert.equal((await vehicle.putManifest({ attacks, signer: other.primary.signer })).status, 400);
    assert.deepEqual(await attacksOf(vehicle), []);
  });

  it('go with the device', async () => {
    const vehicle = await createOnlineVehicle(server, 'deleted');
    await tell(vehicle, 'rollback: Rollback');
    const uuid = await uuidOf(server, 'deleted');
    assert.equal((await server.api('DELETE', `/devices/${uuid}`)).status, 204);
    await server.idle();
    assert.equal((await server.api('GET', `/devices/${uuid}/attacks`)).status, 404);
    const query = server.ctx.db.selectFrom('director_attacks').selectAll().where('device_uuid', '=', uuid);
    assert.deepEqual(await query.execute(), []);
  });
});
