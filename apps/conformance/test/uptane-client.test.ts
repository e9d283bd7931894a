// The command around the verification: its line, its verdict, its network and its folders.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { fixedKeys, PRIMARY, SIMULATED_NOW, type RepositorySimulator } from '@ota-connect/testkit';
import { instantFromMs, jsonObject, type NextTarget } from '@ota-connect/uptane';
import { alone } from '../src/folder-lock.ts';
import { runUptaneClient } from '../src/uptane-command.ts';
import { runHere, runProcess, temporaryFolder } from './served.ts';
import { errOf, uptaneArguments, withVehicle, type Vehicle } from './uptane-vehicle.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function offer(simulator: RepositorySimulator, name: string): NextTarget {
  simulator.director.targets.clear();
  return simulator.offer(name);
}

async function offered(vehicle: Vehicle, name = 'app.bin'): Promise<void> {
  offer(vehicle.simulator, name);
  await vehicle.simulator.publish();
}

const run = (...args: readonly string[]) => runHere(runUptaneClient, args, SIMULATED_NOW);

describe('uptane-client, command line', () => {
  const complete = uptaneArguments('http://127.0.0.1:9', '/nowhere/storage', '/nowhere/targets');
  const wrong: readonly (readonly [string, readonly string[]])[] = [
    ['nothing', []],
    ['no word', complete.slice(0, -1)],
    ['another word', [...complete.slice(0, -1), 'refresh']],
    ['two words', [...complete, 'update']],
    ['an option that does not exist', [...complete, '--time', '7']],
    ['an option without its value', [...complete, '--storage']],
    ['an option twice', [...complete, '--storage', 'x']],
    ['an address that is none', complete.map((arg) => (arg.endsWith('/director') ? 'director' : arg))],
    ['an address of a file', complete.map((arg) => (arg.endsWith('/director') ? 'file:///x' : arg))],
    [
      'an ECU serial that is too long',
      complete.map((arg) => (arg === PRIMARY.serial ? 'x'.repeat(65) : arg)),
    ],
  ];
  for (const [what, args] of wrong)
    it(`is wrong use with exit code 64 and nothing on stdout, given ${what}`, async () => {
      const { code, out, err } = await run(...args);
      assert.equal(code, 64);
      assert.deepEqual(out, []);
      assert.match(err, /^uptane-client: .*\n`npx --no -- uptane-client --help`/);
    });

  it('takes options after the word and with an equals sign', () =>
    withVehicle(async (vehicle) => {
      await offered(vehicle);
      const args = uptaneArguments(vehicle.url, vehicle.storage, vehicle.targets).slice(2, -1);
      const { code } = await run('update', `--director-url=${vehicle.url}/director`, ...args);
      assert.equal(code, 0);
    }));

  it('explains itself', async () => {
    for (const help of ['--help', 'help']) {
      const { code, out } = await run(help);
      assert.equal(code, 0);
      for (const word of ['--director-url', '--storage', 'err_msg', 'Exit codes'])
        assert.ok(out.join('\n').includes(word));
    }
  });
});

describe('uptane-client, process', () => {
  it('ends with 0 and says what landed where; then with 3, the code and a sentence as last line of stdout', () =>
    withVehicle(
      async (vehicle) => {
        await offered(vehicle);
        const good = await vehicle.runAsProcess();
        assert.equal(good.code, 0, good.err);
        assert.equal(good.err, '');
        assert.deepEqual(good.out, [
          `"app.bin" is in ${path.join(vehicle.targets, 'app.bin')}`,
          '{"err":null,"err_msg":null}',
        ]);
        assert.equal(readFileSync(path.join(vehicle.targets, 'app.bin'), 'utf8'), 'app.bin');
        vehicle.simulator.image.overrides.set('timestamp.json', 'absent');
        const bad = await vehicle.runAsProcess();
        assert.equal(bad.code, 3);
        assert.equal(errOf(bad), 'MetadataFetchFailure::Timestamp::Image');
        assert.match(
          bad.err,
          /^uptane-client: MetadataFetchFailure::Timestamp::Image \(drop-request\): .+\.$/,
        );
      },
      { now: instantFromMs(Date.now()) },
    ));

  it('ends with 64 on wrong use, and with 1 when its storage cannot be made', async () => {
    assert.equal((await runProcess('uptane-client', ['update'])).code, 64);
    const { folder, remove } = temporaryFolder();
    writeFileSync(path.join(folder, 'file'), '');
    const args = uptaneArguments('http://127.0.0.1:9', path.join(folder, 'file'), folder);
    const { code, out, err } = await runProcess('uptane-client', args);
    assert.equal(code, 1);
    assert.deepEqual(out, ['']);
    assert.match(err, /cannot be read or written/);
    remove();
  });
});

describe('uptane-client, runs', () => {
  it('verifies both repositories and fetches the image in each run, as nothing is ever installed', () =>
    withVehicle(async (vehicle) => {
      const { simulator } = vehicle;
      await offered(vehicle);
      await vehicle.takes('app.bin');
      simulator.image.requests.length = 0;
      await vehicle.takes('app.bin');
      assert.deepEqual(simulator.image.requests, ['2.root.json', 'timestamp.json']);
      simulator.images.set('app.bin', bytes('app.bix'));
      await vehicle.refuses('TargetHashMismatch');
    }));

  it('has nothing to do, when the Director names nothing', () =>
    withVehicle(async (vehicle) => {
      const { code, out } = await vehicle.run();
      assert.equal(code, 0);
      assert.deepEqual(out, ['There is nothing to install.', '{"err":null,"err_msg":null}']);
    }));

  it('keeps the first Root that it saw, whatever the server says later', () =>
    withVehicle(async (vehicle) => {
      const { simulator } = vehicle;
      await offered(vehicle);
      await vehicle.takes('app.bin');
      simulator.director.roles.root.version = 0;
      simulator.director.roles.root.keys = await fixedKeys('other root', 1);
      simulator.director.roles.targets.keys = await fixedKeys('other targets', 1);
      await simulator.publish();
      await vehicle.refuses('BadKeyId');
      assert.ok(!simulator.director.requests.slice(4).includes('1.root.json'));
    }));

  it('follows a chain of Roots whose keys change, in both repositories', () =>
    withVehicle(async (vehicle) => {
      const { simulator } = vehicle;
      await offered(vehicle);
      await vehicle.takes('app.bin');
      for (const step of ['second', 'third'])
        for (const repository of [simulator.director, simulator.image]) {
          repository.roles.root.keys = await fixedKeys(`${step} root`, 2);
          repository.roles.root.threshold = 2;
          await repository.publishRoot();
        }
      await offered(vehicle, 'next.bin');
      await vehicle.takes('app.bin', 'next.bin');
    }));

  it('takes a delegated role signed by two of two keys, and an image that the top lists as well', () =>
    withVehicle(async (vehicle) => {
      const { simulator } = vehicle;
      const delegation = await simulator.delegate('supplier', ['supplied/*']);
      delegation.keys = await fixedKeys('supplier', 2);
      delegation.threshold = 2;
      const image = { name: 'supplied/app', content: bytes('app'), hardwareIds: [PRIMARY.hardwareId] };
      simulator.assign(simulator.addDelegatedImage(delegation, image));
      await simulator.publish();
      await vehicle.takes('supplied%2Fapp');
      simulator.addImage(image);
      await simulator.publish();
      await vehicle.takes('supplied%2Fapp');
    }));

  it('takes custom data with the empty members that servers of old write', () =>
    withVehicle(async (vehicle) => {
      const { simulator } = vehicle;
      const empty = jsonObject([
        ['uri', ''],
        ['diff', null],
      ]);
      const image = { name: 'app.bin', content: bytes('app.bin'), hardwareIds: [PRIMARY.hardwareId] };
      simulator.assign(simulator.addImage({ ...image, custom: empty }), [PRIMARY], empty);
      await simulator.publish();
      await vehicle.takes('app.bin');
    }));

  it('does not let a second process in while one is at work', () =>
    withVehicle(async (vehicle) => {
      await offered(vehicle);
      mkdirSync(vehicle.storage);
      await alone(vehicle.storage, async () => {
        const { code, out, err } = await vehicle.run();
        assert.equal(code, 1);
        assert.deepEqual(out, []);
        assert.match(err, /Another process/);
      });
      await vehicle.takes('app.bin');
    }));
});

describe('uptane-client, network', () => {
  it('refuses for want of metadata, when no server is there', async () => {
    const { folder, remove } = temporaryFolder();
    const done = await run(
      ...uptaneArguments('http://127.0.0.1:9', path.join(folder, 's'), path.join(folder, 't')),
    );
    assert.equal(done.code, 3);
    assert.equal(errOf(done), 'MetadataFetchFailure::Root::Director');
    assert.match(done.err, /127\.0\.0\.1:9/);
    remove();
  });

  for (const status of [500, 503, 401, 304])
    it(`refuses, when a file is answered with status ${status}`, () =>
      withVehicle(
        async (vehicle) => {
          await offered(vehicle);
          await vehicle.refuses('MetadataFetchFailure::Snapshot::Image');
        },
        {
          before: ({ url }, response) =>
            url === '/repo/snapshot.json' && Boolean(response.writeHead(status).end()),
        },
      ));

  for (const status of [403, 404, 410])
    it(`takes status ${status} for a file that is not there`, () =>
      withVehicle(
        async (vehicle) => {
          await offered(vehicle);
          await vehicle.takes('app.bin');
        },
        {
          before: ({ url }, response) =>
            /\/2\.root\.json|director\/(?:timestamp|snapshot)/.test(url ?? '') &&
            Boolean(response.writeHead(status).end()),
        },
      ));

  it('refuses a file of which the end is missing', () =>
    withVehicle(
      async (vehicle) => {
        await offered(vehicle);
        await vehicle.refuses('MetadataFetchFailure::Targets::Image');
      },
      {
        before: ({ url }, response) => {
          if (url !== '/repo/targets.json') return false;
          response.writeHead(200, { 'content-length': 100 });
          response.write('{', () => response.destroy());
          return true;
        },
      },
    ));

  const tooLarge: readonly (readonly [string, string, number])[] = [
    ['/director/targets.json', 'OversizedMetadata::Targets', 64 * 1024],
    ['/repo/targets.json', 'OversizedMetadata::Targets', 8 * 1024 * 1024],
    ['/repo/1.root.json', 'OversizedMetadata::Root', 64 * 1024],
    ['/repo/timestamp.json', 'OversizedMetadata::Timestamp', 64 * 1024],
  ];
  for (const [file, code, limit] of tooLarge)
    it(`stops reading ${file} beyond ${limit} bytes`, () => {
      let sent = 0;
      return withVehicle(
        async (vehicle) => {
          await offered(vehicle);
          await vehicle.refuses(code);
          assert.ok(sent < limit + 4 * 1024 * 1024, `${sent} bytes were sent`);
        },
        {
          before: ({ url }, response) => {
            if (url !== file) return false;
            const piece = new Uint8Array(64 * 1024).fill(0x20);
            const more = (): void => {
              if (response.destroyed || sent > 64 * 1024 * 1024) return;
              sent += piece.byteLength;
              response.write(piece, more);
            };
            more();
            return true;
          },
        },
      );
    });

  it('asks the same, when the addresses end with a slash', () =>
    withVehicle(async (vehicle) => {
      await offered(vehicle);
      const args = uptaneArguments(vehicle.url, vehicle.storage, vehicle.targets);
      const { code } = await run(...args.map((arg) => (arg.startsWith('http') ? `${arg}/` : arg)));
      assert.equal(code, 0);
      assert.equal(vehicle.simulator.image.requests[0], '1.root.json');
    }));
});
