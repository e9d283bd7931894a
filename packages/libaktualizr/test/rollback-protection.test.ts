// Whatever goes wrong on a device, what it has seen stays the floor: older metadata of either repository are refused after
// it, over a restart too, and the next honest update installs.
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { addSeconds, instantFromMs } from '@ota-connect/uptane';
import { InstallError } from '../src/errors.ts';
import { setStage, type Stage } from './support/stage.ts';
import type { DeviceOptions, TestDevice } from './support/test-device.ts';

const ERROR = { status: 500, headers: {}, body: new Uint8Array() };

type Scene = {
  readonly stage: Stage;
  readonly device: TestDevice;
  /** Closes the device and opens it again. */
  readonly restart: (options?: Partial<DeviceOptions>) => Promise<TestDevice>;
  readonly pass: (ms: number) => void;
};

/** Each begins with an update that the last check found. */
const INTERRUPTIONS: readonly { what: string; act: (scene: Scene) => Promise<unknown> }[] = [
  { what: 'a restart', act: async () => undefined },
  {
    what: 'metadata that were refused',
    act: async ({ stage, device }) => {
      stage.gateway.answerOf = ({ path }) =>
        path === '/director/targets.json' ? { status: 200, headers: {}, body: Buffer.from('{}') } : undefined;
      assert.equal((await device.aktualizr.checkUpdates()).kind, 'refused');
    },
  },
  {
    what: 'a next Root that cannot be fetched',
    act: async ({ stage, device }) => {
      stage.gateway.answerOf = ({ path }) => (path === '/director/3.root.json' ? ERROR : undefined);
      await assert.rejects(device.aktualizr.checkUpdates(), /3\.root\.json answered 500/);
      assert.equal(device.storage.cycle.load().kind, 'UpdatesAvailable');
    },
  },
  {
    what: 'a download that failed',
    act: async ({ stage, device }) => {
      stage.gateway.simulator.images.set('second.bin', Buffer.from('another'));
      assert.equal((await device.aktualizr.download()).kind, 'failed');
    },
  },
  {
    what: 'an image that was exchanged on the disk',
    act: async ({ stage, device }) => {
      await device.aktualizr.download();
      const [target] = [...stage.gateway.simulator.image.targets.values()].slice(-1);
      writeFileSync(join(device.imagesPath, (target?.hashes.sha256 ?? '').toUpperCase()), 'another');
      assert.equal((await device.aktualizr.install()).kind, 'image_not_usable');
    },
  },
  {
    what: 'an installation that failed',
    act: async ({ restart }) => {
      const device = await restart({
        wrap: {
          packageManager: (manager) => ({
            ...manager,
            install: async () => {
              throw new InstallError('install_failed', 'The package manager gave up.');
            },
          }),
        },
      });
      assert.equal((await device.aktualizr.uptaneCycle()).install?.kind, 'failed');
    },
  },
  {
    what: 'an installation',
    act: async ({ device }) => {
      assert.equal((await device.aktualizr.uptaneCycle()).install?.kind, 'installed');
    },
  },
  {
    what: 'checks that find the update installed already',
    act: async ({ device }) => {
      await device.aktualizr.uptaneCycle();
      assert.equal((await device.aktualizr.checkUpdates()).kind, 'nothing_new');
    },
  },
  {
    what: 'an empty list of the Director',
    act: async ({ stage, device }) => {
      stage.gateway.simulator.director.targets.clear();
      await stage.gateway.simulator.director.publish();
      assert.equal((await device.aktualizr.checkUpdates()).kind, 'nothing_new');
    },
  },
  {
    what: 'metadata that expired between download and installation',
    act: async ({ device, pass }) => {
      assert.equal((await device.aktualizr.download()).kind, 'downloaded');
      pass(40 * 86_400_000);
      const late = await device.aktualizr.install();
      assert.equal(late.kind === 'refused' && late.error.code, 'ExpiredMetadata');
      assert.deepEqual(device.aktualizr.installationLog(), []);
    },
  },
];

describe('what a device has seen', () => {
  const stage = setStage();

  async function begin() {
    let now = Date.now();
    const options = { now: () => now };
    const { simulator } = stage.gateway;
    for (const repository of [simulator.director, simulator.image]) {
      repository.roles.root.expires = addSeconds(instantFromMs(now), 365 * 86_400);
      await repository.publishRoot();
    }
    await stage.offer('first.bin', 'the first version');
    const old = new Map(
      ['director/targets', 'repo/targets', 'repo/snapshot', 'repo/timestamp'].map((role) => {
        const path = `/${role}.json`;
        const answer = simulator.answer({ method: 'GET', path, headers: {}, body: new Uint8Array() });
        return [path, { status: 200, headers: {}, body: answer?.body ?? new Uint8Array() }] as const;
      }),
    );
    simulator.director.targets.clear();
    await stage.offer('second.bin', 'the second version');
    let device = await stage.open(options);
    assert.equal((await device.aktualizr.checkUpdates()).kind, 'updates');
    const restart = async (more: Partial<DeviceOptions> = {}) => {
      stage.close(device);
      device = await stage.open({ ...options, ...more });
      return device;
    };
    /** What is published from now on holds. */
    const renew = () => {
      for (const { roles } of [simulator.director, simulator.image])
        for (const role of Object.values(roles)) role.expires = addSeconds(instantFromMs(now), 90 * 86_400);
    };
    return { old, restart, renew, scene: { stage, device, restart, pass: (ms: number) => void (now += ms) } };
  }

  for (const { what, act } of INTERRUPTIONS) {
    it(`is its floor after ${what} [full_verification/15, check_timestamp/3, 5.4.4-1]`, async () => {
      const { old, restart, renew, scene } = await begin();
      const { simulator } = stage.gateway;
      await act(scene);
      const { aktualizr } = await restart();

      stage.gateway.answerOf = ({ path }) => (path.startsWith('/director/') ? old.get(path) : undefined);
      const director = await aktualizr.checkUpdates();
      assert.equal(director.kind === 'refused' && director.error.wireCode, 'Rollback', what);

      simulator.director.targets.clear();
      simulator.images.set('second.bin', Buffer.from('the second version'));
      renew();
      await stage.offer('third.bin', 'the third version');
      stage.gateway.answerOf = ({ path }) => (path.startsWith('/repo/') ? old.get(path) : undefined);
      const image = await aktualizr.checkUpdates();
      assert.equal(image.kind === 'refused' && image.error.wireCode, 'Rollback', what);

      stage.gateway.answerOf = () => undefined;
      simulator.correlate('urn:here-ota:campaign:once-more');
      await simulator.publish();
      assert.equal((await aktualizr.uptaneCycle()).install?.kind, 'installed', what);
      assert.equal(aktualizr.installationLog().at(-1)?.name, 'third.bin');
    });
  }
});
