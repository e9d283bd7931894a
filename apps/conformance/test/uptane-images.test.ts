// Images on their way to the target folder of uptane-client: where they are asked for, where they land, and what happens
// when a server does not give what is listed.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { PRIMARY, type RepositorySimulator } from '@ota-connect/testkit';
import { jsonObject, type NextTarget } from '@ota-connect/uptane';
import { filesIn, serve } from './served.ts';
import { withVehicle, type Vehicle } from './uptane-vehicle.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function offer(simulator: RepositorySimulator, name: string): NextTarget {
  simulator.director.targets.clear();
  return simulator.offer(name);
}

async function offered(vehicle: Vehicle, name = 'app.bin'): Promise<void> {
  offer(vehicle.simulator, name);
  await vehicle.simulator.publish();
}

describe('uptane-client, images', () => {
  const names: readonly (readonly [string, string])[] = [
    ['../../escaped', '%2E.%2F..%2Fescaped'],
    ['/etc/absolute', '%2Fetc%2Fabsolute'],
    ['.hidden', '%2Ehidden'],
    ['a%2fb', 'a%252fb'],
    ['a b?c#d*', 'a%20b%3Fc%23d%2A'],
  ];
  for (const [name, landsAs] of names)
    it(`lands "${name}" inside the folder, as ${landsAs}`, () =>
      withVehicle(async (vehicle) => {
        await offered(vehicle, name);
        await vehicle.takes(landsAs);
      }));

  it('asks for a name with its dots and everything odd in it encoded', () => {
    const asked: string[] = [];
    return withVehicle(
      async (vehicle) => {
        await offered(vehicle, '../a b/(x)');
        await vehicle.takes('%2E.%2Fa%20b%2F%28x%29');
        assert.deepEqual(asked, ['/repo/targets/..%2Fa%20b%2F%28x%29']);
      },
      {
        before: ({ url = '' }, response) => {
          if (!url.startsWith('/repo/targets/')) return false;
          asked.push(url);
          response.end('../a b/(x)');
          return true;
        },
      },
    );
  });

  it('keeps two names apart that are too long for a file system', () =>
    withVehicle(async (vehicle) => {
      const long = 'x'.repeat(900);
      for (const end of ['1', '2']) {
        const content = bytes(end);
        const target = vehicle.simulator.addImage({
          name: `${long}${end}`,
          content,
          hardwareIds: [PRIMARY.hardwareId],
        });
        vehicle.simulator.director.targets.clear();
        vehicle.simulator.assign(target);
        await vehicle.simulator.publish();
        const { code, err } = await vehicle.run();
        assert.equal(code, 0, err);
      }
      assert.deepEqual(new Set(vehicle.landed().values()), new Set(['1', '2']));
    }));

  it('takes the Director’s address of an image before the Image repository’s, and neither when it is the placeholder', async () => {
    const asked: string[] = [];
    const elsewhere = await serve(({ url = '' }, response) => {
      asked.push(url);
      response.end('app.bin');
    });
    const uri = (value: string) => jsonObject([['uri', value]]);
    await withVehicle(async (vehicle) => {
      const { simulator } = vehicle;
      const publish = async (director: string, image: string): Promise<void> => {
        const target = simulator.addImage({
          name: 'app.bin',
          content: bytes('app.bin'),
          hardwareIds: [PRIMARY.hardwareId],
          custom: uri(image),
        });
        simulator.assign(target, [PRIMARY], uri(director));
        await simulator.publish();
        await vehicle.takes('app.bin');
      };
      await publish(`${elsewhere.url}/director?x=1`, `${elsewhere.url}/image`);
      await publish('https://example.com/', `${elsewhere.url}/image`);
      await publish('https://example.com/', 'https://example.com/');
      assert.deepEqual(asked, ['/director?x=1', '/image']);
    });
    await elsewhere.close();
  });

  it('refuses an address of an image that is no http address', () =>
    withVehicle(async (vehicle) => {
      const target = offer(vehicle.simulator, 'app.bin');
      vehicle.simulator.assign(target, [PRIMARY], jsonObject([['uri', 'file:///etc/passwd']]));
      await vehicle.simulator.publish();
      await vehicle.refuses('SecurityException::Targets');
    }));

  for (const status of [404, 500])
    it(`refuses an image that is answered with status ${status}, and takes it when it is there`, () => {
      let isGone = true;
      return withVehicle(
        async (vehicle) => {
          await offered(vehicle);
          const { err } = await vehicle.refuses('UndersizedTarget');
          assert.match(err, /drop-request/);
          isGone = false;
          await vehicle.takes('app.bin');
        },
        {
          before: ({ url = '' }, response) =>
            isGone && url.startsWith('/repo/targets/') && Boolean(response.writeHead(status).end()),
        },
      );
    });

  it('stops reading an image at its listed length, and leaves what lay there before', () => {
    let isEndless = false;
    let sent = 0;
    return withVehicle(
      async (vehicle) => {
        await offered(vehicle);
        await vehicle.takes('app.bin');
        isEndless = true;
        await vehicle.refuses('OversizedTarget');
        assert.ok(sent < 16 * 1024 * 1024, `${sent} bytes were sent`);
        assert.deepEqual([...vehicle.landed()], [['app.bin', 'app.bin']]);
      },
      {
        before: ({ url = '' }, response) => {
          if (!isEndless || !url.startsWith('/repo/targets/')) return false;
          const piece = new Uint8Array(64 * 1024);
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

  it('sweeps what a killed run left, and writes through no link', () =>
    withVehicle(async (vehicle) => {
      await offered(vehicle);
      const outside = path.join(vehicle.targets, '..', 'outside');
      writeFileSync(outside, 'mine');
      mkdirSync(vehicle.targets);
      writeFileSync(path.join(vehicle.targets, '.part-1'), 'half');
      symlinkSync(outside, path.join(vehicle.targets, 'app.bin'));
      await vehicle.takes('app.bin');
      assert.equal(readFileSync(outside, 'utf8'), 'mine');
    }));

  it('takes an image of no bytes', () =>
    withVehicle(async (vehicle) => {
      vehicle.simulator.offer('empty.bin', '');
      await vehicle.simulator.publish();
      await vehicle.takes('empty.bin');
    }));

  it('leaves nothing but metadata and counters in its storage', () =>
    withVehicle(async (vehicle) => {
      await offered(vehicle);
      await vehicle.takes('app.bin');
      const others = [...filesIn(vehicle.storage).keys()].filter(
        (file) => !/^(?:director|image)\/[\w.]+\.json$/.test(file),
      );
      assert.deepEqual(others, ['.lock']);
    }));
});
