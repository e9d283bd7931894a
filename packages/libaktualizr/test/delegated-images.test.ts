// A device that updates through a delegation: the delegated role is what the Image repository says, so that what is wrong
// with it ends no update of the Director, is asked for once, and is judged by the best time there is.
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { offerDelegated, PRIMARY, type SimulatedDelegation } from '@ota-connect/testkit';
import { addSeconds, instantFromMs } from '@ota-connect/uptane';
import { manifestsOf, reportsOf } from './support/requests.ts';
import { setStage } from './support/stage.ts';

const DAY = 86_400;
const NAME = 'supplied/app.bin';
const UPDATE = 'urn:here-ota:campaign:supplied';
const today = () => instantFromMs(Date.now());

describe('image that a delegated role lists', () => {
  const stage = setStage();

  async function offer(): Promise<SimulatedDelegation> {
    const { simulator } = stage.gateway;
    const role = await offerDelegated(simulator, NAME);
    simulator.correlate(UPDATE);
    await simulator.publish();
    return role;
  }

  async function expireAt(role: SimulatedDelegation, expires: SimulatedDelegation['expires']): Promise<void> {
    role.expires = expires;
    role.version += 1;
    await stage.gateway.simulator.publish();
  }

  const asked = (path: string) => stage.gateway.requests.filter((request) => request.path === path).length;
  const reports = () =>
    reportsOf(stage.gateway.requests).map(({ correlation_id: id, result }) => `${result.code} ${id}`.trim());
  const attacksTold = () =>
    manifestsOf(stage.gateway.requests)
      .map((manifest) => manifest.ecu_version_manifests[PRIMARY.serial]?.signed.attacks_detected)
      .filter((text) => text !== '');

  it('is found, downloaded, installed and reported', async () => {
    await offer();
    const { aktualizr } = await stage.open();
    assert.equal((await aktualizr.checkUpdates()).kind, 'updates');
    assert.equal((await aktualizr.download()).kind, 'downloaded');
    assert.equal((await aktualizr.install()).kind, 'installed');
    assert.equal((await aktualizr.checkUpdates()).kind, 'nothing_new');
    assert.deepEqual(reports(), [`OK ${UPDATE}`]);
    assert.equal(asked('/repo/delegations/supplier.json'), 1);
    assert.equal(aktualizr.installationLog()[0]?.name, NAME);
  });

  it('is installed by the next process from what is stored, with the network gone', async () => {
    await offer();
    const first = await stage.open();
    await first.aktualizr.checkUpdates();
    assert.equal((await first.aktualizr.download()).kind, 'downloaded');
    stage.close(first);
    stage.gateway.faultOf = () => ({ kind: 'drop' });
    const { aktualizr } = await stage.open({ http: { attempts: 1 } });
    assert.equal((await aktualizr.install()).kind, 'installed');
  });

  it('is refused while that role has expired, which is a freeze by the Image repository: asked for once, and no update ends', async () => {
    const role = await offer();
    const { aktualizr } = await stage.open();
    await aktualizr.checkUpdates();
    assert.equal((await aktualizr.download()).kind, 'downloaded');
    await expireAt(role, addSeconds(today(), -DAY));
    stage.gateway.requests.length = 0;
    const refused = await aktualizr.checkUpdates();
    assert.equal(refused.kind === 'refused' && refused.error.code, 'TargetMismatch');
    assert.equal(refused.kind === 'refused' && refused.error.attack, 'freeze');
    assert.equal(asked('/repo/timestamp.json'), 1);
    await aktualizr.checkUpdates();
    assert.deepEqual(reports(), ['VERIFICATION_FAILED']);
    assert.deepEqual(attacksTold(), [
      'freeze: TargetMismatch in delegations/supplier.json of the Image repository',
    ]);
    await expireAt(role, addSeconds(today(), DAY));
    assert.equal((await aktualizr.uptaneCycle()).install?.kind, 'installed');
    assert.deepEqual(reports(), ['VERIFICATION_FAILED', `OK ${UPDATE}`]);
  });

  it('is judged by the attested time, when that role expired by a clock that is ahead', async () => {
    await stage.gateway.simulator.attestTime(today());
    const role = await offer();
    await expireAt(role, addSeconds(today(), DAY));
    const { aktualizr } = await stage.open({ now: () => Date.now() + 2 * DAY * 1000 });
    assert.equal((await aktualizr.uptaneCycle()).install?.kind, 'installed');
    assert.equal(asked('/director/time'), 1);
    assert.deepEqual(reports(), [`OK ${UPDATE}`]);
  });

  it('is not searched for without an end: asked for once, and no update ends', async () => {
    const { simulator } = stage.gateway;
    const role = await offer();
    const { aktualizr } = await stage.open();
    await aktualizr.checkUpdates();
    role.paths = ['nothing/*'];
    const shared = await Promise.all(
      Array.from({ length: 15 }, (_, at) => simulator.delegate(`low-${at}`, ['*'])),
    );
    simulator.image.delegations.splice(1);
    for (let at = 0; at < 15; at += 1) {
      const high = await simulator.delegate(`high-${at}`, ['*']);
      high.delegations.push(...shared);
    }
    await simulator.publish();
    stage.gateway.requests.length = 0;
    const refused = await aktualizr.checkUpdates();
    assert.equal(refused.kind === 'refused' && refused.error.attack, 'endless data');
    assert.equal(asked('/repo/timestamp.json'), 1);
    await aktualizr.checkUpdates();
    assert.deepEqual(reports(), ['VERIFICATION_FAILED']);
  });
});
