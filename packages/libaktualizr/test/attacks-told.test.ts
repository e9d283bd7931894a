// What a device refuses, or waits for in vain, reaches the Director in `attacks_detected`: each class of attack once, until
// a server has taken the manifest that carried it.
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { flipBit, PRIMARY } from '@ota-connect/testkit';
import { manifestsOf } from './support/requests.ts';
import { setStage, type Stage } from './support/stage.ts';

const IMPATIENT = { timeoutMs: 800, windowMs: 300, attempts: 1 };
const BUSY = { status: 503, headers: {}, body: new Uint8Array() };

type Case = {
  readonly attack: string;
  readonly told: string;
  /** With an image on offer that the device knows. */
  readonly begin: (stage: Stage) => Promise<void> | void;
};

const serveInstead = (stage: Stage, path: string, change: (bytes: Uint8Array) => Uint8Array) => {
  stage.gateway.answerOf = (request) => {
    const honest =
      request.path === path ? stage.gateway.simulator.answer({ ...request, headers: {} }) : undefined;
    return honest === undefined ? undefined : { status: 200, headers: {}, body: change(honest.body) };
  };
};
const drip = (stage: Stage, path: string) => void (stage.gateway.drips = (asked) => asked === path);

const OF_METADATA: readonly Case[] = [
  {
    attack: 'arbitrary software, a forged file',
    told: 'arbitrary software: BadKeyId in targets.json of the Director',
    begin: (stage) =>
      serveInstead(stage, '/director/targets.json', (bytes) => {
        const text = Buffer.from(bytes).toString('utf8');
        return Buffer.from(text.replace('campaign:app.bin', 'campaign:bad.bin'));
      }),
  },
  {
    attack: 'rollback',
    told: 'rollback: Rollback in timestamp.json of the Image repository',
    begin: async ({ gateway: { simulator } }) => {
      await simulator.publish();
      simulator.image.replay(0);
    },
  },
  {
    attack: 'freeze',
    told: 'freeze: ExpiredMetadata::Timestamp in timestamp.json of the Image repository',
    begin: async ({ gateway: { simulator } }) => {
      simulator.image.roles.timestamp.expires = 1_000_000_000 as never;
      await simulator.publish();
    },
  },
  {
    attack: 'mix-and-match',
    told: 'mix-and-match: MetadataHashMismatch::Snapshot in snapshot.json of the Image repository',
    begin: async (stage) => {
      const { simulator } = stage.gateway;
      await simulator.publish();
      simulator.image.replay(-2, 'snapshot.json');
    },
  },
  {
    attack: 'endless data',
    told: 'endless data: OversizedMetadata::Timestamp in timestamp.json of the Image repository',
    begin: (stage) => serveInstead(stage, '/repo/timestamp.json', () => Buffer.alloc(10_000_000)),
  },
  {
    attack: 'drop-request',
    told: 'drop-request: MetadataFetchFailure::Timestamp::Image in timestamp.json of the Image repository',
    begin: ({ gateway }) => void gateway.simulator.image.overrides.set('timestamp.json', 'absent'),
  },
  {
    attack: 'slow retrieval, one byte a second',
    told: 'slow retrieval: MetadataFetchFailure::Timestamp::Image in timestamp.json of the Image repository',
    begin: (stage) => drip(stage, '/repo/timestamp.json'),
  },
  {
    attack: 'slow retrieval, nothing at all',
    told: 'slow retrieval: MetadataFetchFailure::Targets::Director in targets.json of the Director',
    begin: ({ gateway }) =>
      void (gateway.faultOf = ({ path }) =>
        path === '/director/targets.json' ? { kind: 'delay', ms: 3000 } : undefined),
  },
];

const OF_IMAGES: readonly Case[] = [
  {
    attack: 'arbitrary software, another image',
    told: 'arbitrary software: TargetHashMismatch in the image next.bin',
    begin: (stage) => serveInstead(stage, '/repo/targets/next.bin', (bytes) => flipBit(bytes, 3)),
  },
  {
    attack: 'arbitrary software, a shorter image',
    told: 'arbitrary software: UndersizedTarget in the image next.bin',
    begin: (stage) => serveInstead(stage, '/repo/targets/next.bin', (bytes) => bytes.subarray(0, 4)),
  },
  {
    attack: 'endless data',
    told: 'endless data: OversizedTarget in the image next.bin',
    begin: (stage) => serveInstead(stage, '/repo/targets/next.bin', () => Buffer.alloc(1_000_000)),
  },
  {
    attack: 'slow retrieval, one byte a second',
    told: 'slow retrieval: too_slow in the image next.bin',
    begin: (stage) => drip(stage, '/repo/targets/next.bin'),
  },
  {
    attack: 'slow retrieval, nothing at all',
    told: 'slow retrieval: too_slow in the image next.bin',
    begin: ({ gateway }) =>
      void (gateway.faultOf = ({ path }) =>
        path === '/repo/targets/next.bin' ? { kind: 'delay', ms: 3000 } : undefined),
  },
];

describe('attacks that were seen', () => {
  const stage = setStage();
  const told = () =>
    manifestsOf(stage.gateway.requests)
      .map(({ ecu_version_manifests: all }) => all[PRIMARY.serial]?.signed.attacks_detected)
      .filter((text) => text !== '');

  function endAttack(): void {
    stage.gateway.answerOf = () => undefined;
    stage.gateway.faultOf = () => undefined;
    stage.gateway.drips = () => false;
  }

  async function openWithOffer() {
    await stage.offer();
    const device = await stage.open({ http: IMPATIENT });
    assert.equal((await device.aktualizr.checkUpdates()).kind, 'updates');
    stage.gateway.requests.length = 0;
    return device;
  }

  /** Errors that tell of a server out of reach end a cycle; that is not what these tests are about. */
  async function poll({ aktualizr }: Awaited<ReturnType<typeof openWithOffer>>): Promise<void> {
    await aktualizr.uptaneCycle().catch((error: unknown) => assert.ok(error instanceof Error));
  }

  for (const { attack, told: expected, begin } of OF_METADATA) {
    it(`reach the Director once: ${attack} [5.4-4, 5.4.2.1.2-4]`, async () => {
      const device = await openWithOffer();
      await begin(stage);
      for (let round = 0; round < 2; round += 1) await poll(device);
      assert.deepEqual(told(), [expected]);
      assert.deepEqual(device.storage.attacks.pending(), []);
    });
  }

  for (const { attack, told: expected, begin } of OF_IMAGES) {
    it(`reach the Director once: ${attack} for an image [5.4-4, 5.4.2.1.2-4]`, async () => {
      const device = await openWithOffer();
      stage.gateway.simulator.director.targets.clear();
      await stage.offer('next.bin', 'what comes next');
      await begin(stage);
      for (let round = 0; round < 2; round += 1) await poll(device);
      assert.deepEqual(told(), [expected]);
      endAttack();
      stage.gateway.simulator.correlate('urn:here-ota:campaign:again');
      await stage.gateway.simulator.publish();
      assert.equal((await device.aktualizr.uptaneCycle()).install?.kind, 'installed');
    });
  }

  it('are told again, when they come back after all was well', async () => {
    const { aktualizr } = await openWithOffer();
    const attack = async () => {
      serveInstead(stage, '/director/targets.json', () => Buffer.from('{}'));
      assert.equal((await aktualizr.checkUpdates()).kind, 'refused');
      endAttack();
      await aktualizr.checkUpdates();
      await aktualizr.checkUpdates();
    };
    await attack();
    await attack();
    const text = 'arbitrary software: SecurityException::Targets in targets.json of the Director';
    assert.deepEqual(told(), [text, text]);
  });

  it('wait for a server that takes the manifest, over a restart too', async () => {
    const first = await openWithOffer();
    stage.gateway.simulator.image.roles.timestamp.expires = 1_000_000_000 as never;
    await stage.gateway.simulator.publish();
    stage.gateway.answerOf = ({ path }) => (path === '/director/manifest' ? BUSY : undefined);
    assert.equal((await first.aktualizr.checkUpdates()).kind, 'refused');
    stage.close(first);
    stage.gateway.requests.length = 0;
    stage.gateway.answerOf = () => undefined;
    await poll(await stage.open());
    assert.deepEqual(told(), [
      'freeze: ExpiredMetadata::Timestamp in timestamp.json of the Image repository',
    ]);
  });

  it('are told once more, when the power goes between the server’s answer and the note of it', async () => {
    const first = await openWithOffer();
    stage.gateway.simulator.image.roles.timestamp.expires = 1_000_000_000 as never;
    await stage.gateway.simulator.publish();
    first.storage.attacks.clear = () => {
      throw new Error('power cut');
    };
    await assert.rejects(first.aktualizr.checkUpdates(), /power cut/);
    stage.close(first);
    await poll(await stage.open());
    const text = 'freeze: ExpiredMetadata::Timestamp in timestamp.json of the Image repository';
    assert.deepEqual(told(), [text, text]);
  });

  it('are none, when a server is out of reach or has nothing yet', async () => {
    const device = await stage.open({ http: { attempts: 1 } });
    stage.gateway.faultOf = ({ path }) => (path.endsWith('.json') ? { kind: 'drop' } : undefined);
    await poll(device);
    stage.gateway.faultOf = () => undefined;
    stage.gateway.answerOf = ({ path }) => (path.endsWith('.json') ? { ...BUSY, status: 404 } : undefined);
    await poll(device);
    assert.deepEqual(device.storage.attacks.pending(), []);
  });
});
