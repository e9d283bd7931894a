// Every attack of the catalogue, through the command: over HTTP, with storage in files, against both kinds of Director;
// and whatever was refused, the next honest state is taken.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { attacks, type SimulatedAttack } from '@ota-connect/testkit';
import { addSeconds } from '@ota-connect/uptane';
import { withVehicle, type Vehicle } from './uptane-vehicle.ts';

/** Of a Director that serves no Timestamp and Snapshot nothing can be said about them. */
const NEEDS_ALL_ROLES =
  /Director (?:Timestamp|Snapshot)|director Root that states a threshold for (?:Timestamp|Snapshot)|older state of the Director|under the newest Snapshot|than its Snapshot/;
const NEEDS_A_SECONDARY = /one of the two ECUs/;

function itRefuses(attack: SimulatedAttack, directorFullRoles: boolean): void {
  it(`refuses: ${attack.name} [${attack.step}]`, () =>
    withVehicle(
      async (vehicle) => {
        const { simulator } = vehicle;
        simulator.offer('honest.bin');
        for (let state = 0; state < 3; state += 1) await simulator.publish();
        await vehicle.takes('honest.bin');
        simulator.director.targets.clear();
        await attack.mutate(simulator);
        await vehicle.refuses(attack.refusedAs);
        assert.deepEqual([...vehicle.landed().keys()], ['honest.bin']);
        await goesOn(vehicle, directorFullRoles);
      },
      { directorFullRoles },
    ));
}

async function goesOn({ simulator, storage, takes }: Vehicle, directorFullRoles: boolean): Promise<void> {
  for (const repository of [simulator.director, simulator.image])
    await repository.heal(newestRoot(path.join(storage, repository.name)), addSeconds(simulator.now, 86_400));
  if (!directorFullRoles) simulator.dropDirectorRoles();
  simulator.director.targets.clear();
  simulator.offer('after.bin');
  await simulator.publish();
  await takes('after.bin', 'honest.bin');
}

function newestRoot(folder: string): number {
  return Math.max(
    0,
    ...readdirSync(folder).map((name) => Number(/^(\d+)\.root\.json$/.exec(name)?.[1] ?? 0)),
  );
}

const tested = attacks.filter((attack) => !NEEDS_A_SECONDARY.test(attack.name));

describe('uptane-client, Director with Root and Targets alone', () => {
  for (const attack of tested) if (!NEEDS_ALL_ROLES.test(attack.name)) itRefuses(attack, false);
});

describe('uptane-client, Director with all roles', () => {
  for (const attack of tested) if (NEEDS_ALL_ROLES.test(attack.name)) itRefuses(attack, true);
});
