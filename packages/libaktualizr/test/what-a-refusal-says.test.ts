import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { PRIMARY } from '@ota-connect/testkit';
import { instantFromMs } from '@ota-connect/uptane';
import { reportsOf } from './support/requests.ts';
import { setStage } from './support/stage.ts';
import type { TestDevice } from './support/test-device.ts';

const RUNNING = 'urn:here-ota:campaign:app.bin';
const PORTAL = { status: 200, headers: {}, body: Buffer.from('<html>Welcome to this hotel</html>') };

describe('what a refusal says', () => {
  const stage = setStage();
  const reports = () =>
    reportsOf(stage.gateway.requests).map(({ correlation_id: id, result }) => `${result.code} ${id}`.trim());

  async function openWith(state: 'UpdatesAvailable' | 'Downloaded'): Promise<TestDevice> {
    await stage.offer();
    const device = await stage.open();
    await device.aktualizr.checkUpdates();
    if (state === 'Downloaded') await device.aktualizr.download();
    assert.equal(device.storage.cycle.load().kind, state);
    return device;
  }

  for (const state of ['UpdatesAvailable', 'Downloaded'] as const) {
    for (const path of ['/director/targets.json', '/director/2.root.json', '/repo/timestamp.json']) {
      it(`about a page that is no metadata is nothing of the update that is ${state}: ${path}`, async () => {
        const { aktualizr, storage } = await openWith(state);
        stage.gateway.answerOf = (request) => (request.path === path ? PORTAL : undefined);
        for (let poll = 0; poll < 3; poll += 1) {
          assert.equal((await aktualizr.checkUpdates()).kind, 'refused');
          assert.equal(storage.cycle.load().kind, state);
        }
        assert.deepEqual(reports(), ['VERIFICATION_FAILED']);
        stage.gateway.answerOf = () => undefined;
        assert.equal((await aktualizr.uptaneCycle()).install?.kind, 'installed');
        assert.deepEqual(reports(), ['VERIFICATION_FAILED', `OK ${RUNNING}`]);
      });
    }

    it(`about a network that fails is nothing, and the update stays ${state}`, async () => {
      const { aktualizr, storage } = await openWith(state);
      stage.gateway.faultOf = ({ path }) =>
        path === '/director/targets.json' ? { kind: 'drop' } : undefined;
      await assert.rejects(aktualizr.checkUpdates());
      assert.equal(storage.cycle.load().kind, state);
      assert.deepEqual(reports(), []);
    });
  }

  it('about Targets whose signature does not hold is nothing of any update', async () => {
    const { aktualizr, storage } = await openWith('Downloaded');
    const trusted = Buffer.from(storage.metadata.director.load('targets') ?? []).toString('utf8');
    const forged = trusted.replace(RUNNING, 'urn:here-ota:campaign:forged');
    stage.gateway.answerOf = ({ path }) =>
      path === '/director/targets.json' ? { status: 200, headers: {}, body: Buffer.from(forged) } : undefined;
    const refused = await aktualizr.checkUpdates();
    assert.equal(refused.kind === 'refused' && refused.error.code, 'BadKeyId');
    assert.deepEqual(reports(), ['VERIFICATION_FAILED']);
    assert.equal(storage.cycle.load().kind, 'Downloaded');
  });

  it('about old Targets that somebody sends again is nothing of any update', async () => {
    await stage.offer();
    const old = stage.gateway.simulator.answer({
      method: 'GET',
      path: '/director/targets.json',
      headers: {},
      body: new Uint8Array(),
    });
    await stage.gateway.simulator.publish();
    const { aktualizr, storage } = await stage.open();
    await aktualizr.checkUpdates();
    await aktualizr.download();
    stage.gateway.answerOf = ({ path }) => (path === '/director/targets.json' ? old : undefined);
    const refused = await aktualizr.checkUpdates();
    assert.equal(refused.kind === 'refused' && refused.error.code, 'Rollback');
    assert.deepEqual(reports(), ['VERIFICATION_FAILED']);
    assert.equal(storage.cycle.load().kind, 'Downloaded');
  });

  it('about Targets that the Director signed is the update that they name, which ends', async () => {
    const { aktualizr, storage } = await openWith('Downloaded');
    stage.gateway.simulator.director.roles.targets.expires = 1_000_000_000 as never;
    await stage.gateway.simulator.publish();
    assert.equal((await aktualizr.checkUpdates()).kind, 'refused');
    assert.deepEqual(reports(), [`VERIFICATION_FAILED ${RUNNING}`]);
    assert.equal(storage.cycle.load().kind, 'Idle');
  });

  it('about Targets for other hardware is the update that they name, not the one that is stored', async () => {
    const { aktualizr, storage } = await openWith('Downloaded');
    const { simulator } = stage.gateway;
    simulator.director.targets.clear();
    const image = { name: 'other.bin', content: Buffer.from('other'), hardwareIds: ['other'] };
    simulator.assign(simulator.addImage(image), [{ ...PRIMARY, hardwareId: 'other' as never }]);
    simulator.correlate('urn:here-ota:campaign:other');
    await simulator.publish();
    const refused = await aktualizr.checkUpdates();
    assert.equal(refused.kind === 'refused' && refused.error.code, 'BadHardwareId');
    assert.deepEqual(reports(), ['VERIFICATION_FAILED urn:here-ota:campaign:other']);
    assert.equal(storage.cycle.load().kind, 'Downloaded');
  });

  it('about Targets of another vehicle in the same campaign is nothing of the update of this one', async () => {
    const { aktualizr, storage } = await openWith('Downloaded');
    stage.gateway.simulator.director.custom = { vehicleId: 'another', correlationId: RUNNING };
    await stage.gateway.simulator.publish();
    const refused = await aktualizr.checkUpdates();
    assert.equal(refused.kind === 'refused' && refused.error.code, 'BadEcuId');
    assert.deepEqual(reports(), ['VERIFICATION_FAILED']);
    assert.equal(storage.cycle.load().kind, 'Downloaded');
  });

  it('about an image that one repository lacks is the update that names it', async () => {
    const { aktualizr, storage } = await openWith('Downloaded');
    stage.gateway.simulator.director.targets.clear();
    await stage.offer('second.bin');
    stage.gateway.simulator.image.targets.delete('second.bin');
    await stage.gateway.simulator.publish();
    const refused = await aktualizr.checkUpdates();
    assert.equal(refused.kind === 'refused' && refused.error.code, 'TargetMismatch');
    assert.deepEqual(reports(), ['VERIFICATION_FAILED urn:here-ota:campaign:second.bin']);
    assert.equal(storage.cycle.load().kind, 'Idle');
  });

  it('does not bring an update back that what is stored no longer supports', async () => {
    let now = Date.now();
    for (const { roles } of [stage.gateway.simulator.director, stage.gateway.simulator.image]) {
      for (const role of ['timestamp', 'snapshot', 'targets'] as const)
        roles[role].expires = instantFromMs(now + 3_600_000);
    }
    await stage.offer();
    const { aktualizr, storage } = await stage.open({ now: () => now });
    await aktualizr.checkUpdates();
    now += 3_600_000;
    stage.gateway.answerOf = ({ path }) => (path === '/director/targets.json' ? PORTAL : undefined);
    assert.equal((await aktualizr.checkUpdates()).kind, 'refused');
    assert.equal(storage.cycle.load().kind, 'Idle');
  });

  it('reaches the server, when another result waited while it was found', async () => {
    const { aktualizr } = await openWith('Downloaded');
    await aktualizr.install();
    stage.gateway.answerOf = ({ path }) =>
      path === '/director/manifest' ? { status: 503, headers: {}, body: new Uint8Array() } : undefined;
    stage.gateway.simulator.director.targets.clear();
    await stage.offer('second.bin');
    stage.gateway.simulator.image.targets.delete('second.bin');
    await stage.gateway.simulator.publish();
    assert.equal((await aktualizr.checkUpdates()).kind, 'refused');
    stage.gateway.answerOf = () => undefined;
    stage.gateway.requests.length = 0;
    for (let poll = 0; poll < 3; poll += 1) await aktualizr.checkUpdates();
    assert.deepEqual(reports(), [`OK ${RUNNING}`, 'VERIFICATION_FAILED urn:here-ota:campaign:second.bin']);
  });

  it('is told again, when the result of an installation took its place', async () => {
    const { aktualizr } = await openWith('Downloaded');
    stage.gateway.answerOf = ({ path }) => {
      if (path === '/director/manifest') return { status: 503, headers: {}, body: new Uint8Array() };
      return path === '/director/targets.json' ? PORTAL : undefined;
    };
    assert.equal((await aktualizr.checkUpdates()).kind, 'refused');
    assert.equal((await aktualizr.install()).kind, 'installed');
    stage.gateway.answerOf = ({ path }) => (path === '/director/targets.json' ? PORTAL : undefined);
    stage.gateway.requests.length = 0;
    await aktualizr.checkUpdates();
    assert.deepEqual(reports(), [`OK ${RUNNING}`, 'VERIFICATION_FAILED']);
  });
});
