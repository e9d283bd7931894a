// Files of a client that were damaged where they lie: a fault of this machine, told as one and before anybody is asked.
import assert from 'node:assert/strict';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { PRIMARY } from '@ota-connect/testkit';
import { filesIn } from './served.ts';
import { bump, itRuns, text } from './tuf-world.ts';
import { withVehicle } from './uptane-vehicle.ts';

const halve = (file: string): void => truncateSync(file, Math.floor(readFileSync(file).byteLength / 2));
const DAMAGES: readonly (readonly [string, (file: string) => void])[] = [
  ['is cut off', halve],
  ['is empty', (file) => truncateSync(file, 0)],
  ['is something else', (file) => writeFileSync(file, 'x\n')],
];

describe('tuf-client, damaged files', () => {
  for (const role of ['root', 'timestamp', 'snapshot', 'targets'])
    for (const [what, damage] of DAMAGES)
      itRuns(
        `is a fault of the folder, asks nothing and changes nothing, when ${role}.json ${what}`,
        async (world) => {
          await world.init();
          await world.refreshes();
          bump(world.repository);
          await world.refreshes();
          world.asked();
          const file = path.join(world.metadata, `${role}.json`);
          damage(file);
          const before = filesIn(world.metadata);
          const { code, err } = await world.refresh();
          assert.equal(code, 1);
          assert.ok(err.startsWith(`tuf-client: ${file} was damaged`), err);
          assert.ok(err.includes(`remove the folder ${world.metadata} and \`init\` it anew`), err);
          assert.deepEqual(world.asked(), []);
          assert.deepEqual(filesIn(world.metadata), before);
        },
      );

  itRuns('is a fault of the folder, when the Root that is stored is whole and not signed', async (world) => {
    await world.init();
    const file = path.join(world.metadata, 'root.json');
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll(/"sig": ?"../g, '"sig":"00'));
    const { code, err } = await world.refresh();
    assert.equal(code, 1);
    assert.ok(err.startsWith(`tuf-client: ${file} was damaged`), err);
    assert.deepEqual(world.asked(), []);
  });

  itRuns('puts no Root over one that is damaged', async (world) => {
    await world.init();
    writeFileSync(path.join(world.metadata, 'root.json'), 'x');
    const { code, err } = await world.initWith(world.repository.publishRoot());
    assert.equal(code, 1);
    assert.match(err, /was damaged/);
  });

  itRuns('leaves it to verification, when a file is whole and does not hold', async (world) => {
    await world.init();
    await world.refreshes();
    writeFileSync(path.join(world.metadata, 'timestamp.json'), '{}');
    await world.refreshes();
  });
});

describe('the note of what a Root forgets', () => {
  itRuns('is one of the files that can be damaged', async (world) => {
    await world.init();
    writeFileSync(path.join(world.metadata, 'root.forgets'), '{');
    const { code, err } = await world.refresh();
    assert.equal(code, 1);
    assert.match(err, /root\.forgets was damaged/);
  });
});

describe('tuf-client init, over a trusted Root', () => {
  itRuns('takes the same file again, and leaves all as it is', async (world) => {
    await world.init();
    await world.refreshes();
    const before = filesIn(world.metadata);
    await world.init();
    assert.deepEqual(filesIn(world.metadata), before);
  });

  itRuns('refuses an older one, and a newer one too', async (world) => {
    const first = world.repository.publishRoot();
    await world.initWith(world.repository.publishRoot());
    assert.deepEqual(world.trusted(), { root: 2 });
    const newer = world.repository.publishRoot();
    for (const root of [first, newer]) {
      const { code, err } = await world.initWith(root);
      assert.equal(code, 1);
      assert.match(err, /^tuf-client: .+ holds another trusted Root already, which stays: .+\.$/);
      assert.deepEqual(world.trusted(), { root: 2 });
    }
  });
});

describe('uptane-client, damaged files', () => {
  for (const file of [
    'director/1.root.json',
    'image/1.root.json',
    'director/targets.json',
    'image/timestamp.json',
    'image/snapshot.json',
    'image/targets.json',
    'image/delegations/supplier.json',
  ])
    for (const [what, damage] of DAMAGES)
      it(`is a fault of the storage with exit code 1 and asks nothing, when ${file} ${what}`, () =>
        withVehicle(async ({ simulator, storage, run, takes }) => {
          const delegation = await simulator.delegate('supplier', ['supplied/*']);
          const content = text('app');
          simulator.assign(
            simulator.addDelegatedImage(delegation, {
              name: 'supplied/app',
              content,
              hardwareIds: [PRIMARY.hardwareId],
            }),
          );
          await simulator.publish();
          await takes('supplied%2Fapp');
          const place = path.join(storage, file);
          damage(place);
          for (const { requests } of [simulator.director, simulator.image]) requests.length = 0;
          const { code, out, err } = await run();
          assert.equal(code, 1);
          assert.deepEqual(out, []);
          assert.ok(err.startsWith(`uptane-client: ${place} was damaged`), err);
          assert.ok(err.includes(`remove the folder ${storage}, the next run begins anew`), err);
          assert.deepEqual([...simulator.director.requests, ...simulator.image.requests], []);
        }));
});
