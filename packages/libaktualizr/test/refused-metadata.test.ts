import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { PRIMARY } from '@ota-connect/testkit';
import { MetadataError } from '@ota-connect/uptane';
import { manifestsOf, reportsOf } from './support/requests.ts';
import { setStage } from './support/stage.ts';

describe('refused metadata', () => {
  const stage = setStage();

  it('are reported with their code, once, and change nothing that is trusted [5.4-5, 5.4.3.2-1, full_verification/15]', async () => {
    await stage.offer();
    const { aktualizr, storage } = await stage.open();
    await aktualizr.checkUpdates();
    const trusted = storage.metadata.director.load('targets');
    stage.gateway.simulator.director.roles.targets.expires = 1_000_000_000 as never;
    await stage.gateway.simulator.publish();
    const refused = await aktualizr.checkUpdates();
    assert.equal(refused.kind, 'refused');
    assert.ok(refused.error instanceof MetadataError);
    assert.equal(refused.error.wireCode, 'ExpiredMetadata::Targets');
    await aktualizr.checkUpdates();
    const reports = reportsOf(stage.gateway.requests);
    assert.equal(reports.length, 1);
    assert.equal(reports[0]?.result.code, 'VERIFICATION_FAILED');
    assert.match(reports[0]?.result.description ?? '', /^ExpiredMetadata::Targets/);
    assert.equal(reports[0]?.correlation_id, 'urn:here-ota:campaign:app.bin');
    assert.deepEqual(storage.metadata.director.load('targets'), trusted);
  });

  it('are asked for again, when the repository published between two requests', async () => {
    await stage.offer();
    const { aktualizr } = await stage.open();
    await aktualizr.checkUpdates();
    const { simulator } = stage.gateway;
    simulator.director.targets.clear();
    await stage.offer('next.bin');
    let published = 0;
    stage.gateway.answerOf = ({ path }) => {
      if (path !== '/repo/snapshot.json' || published > 0) return undefined;
      published += 1;
      simulator.image.replay(-2, 'snapshot.json');
      const stale = simulator.answer({ method: 'GET', path, headers: {}, body: new Uint8Array() });
      simulator.image.overrides.clear();
      return stale;
    };
    const checked = await aktualizr.checkUpdates();
    assert.equal(published, 1);
    assert.equal(checked.kind, 'updates');
    assert.deepEqual(reportsOf(stage.gateway.requests), []);
  });

  it('never cost a server that refuses reports without a correlation ID its manifests', async () => {
    const { aktualizr } = await stage.open();
    await aktualizr.checkUpdates();
    stage.gateway.simulator.director.roles.targets.expires = 1_000_000_000 as never;
    await stage.gateway.simulator.publish();
    stage.gateway.answerOf = ({ path, body }) =>
      path === '/director/manifest' && Buffer.from(body).includes('"correlation_id":""')
        ? { status: 400, headers: {}, body: new Uint8Array() }
        : undefined;
    assert.equal((await aktualizr.checkUpdates()).kind, 'refused');
    assert.equal(manifestsOf(stage.gateway.requests).at(-1)?.installation_report, undefined);
  });

  it('do not hide an installation that the server has not heard of', async () => {
    await stage.offer();
    const { aktualizr } = await stage.open();
    await aktualizr.checkUpdates();
    await aktualizr.download();
    await aktualizr.install();
    stage.gateway.simulator.director.roles.targets.expires = 1_000_000_000 as never;
    await stage.gateway.simulator.publish();
    stage.gateway.answerOf = ({ path }) =>
      path === '/director/manifest' ? { status: 503, headers: {}, body: new Uint8Array() } : undefined;
    assert.equal((await aktualizr.checkUpdates()).kind, 'refused');
    stage.gateway.answerOf = () => undefined;
    stage.gateway.requests.length = 0;
    await aktualizr.checkUpdates();
    assert.equal(reportsOf(stage.gateway.requests)[0]?.result.code, 'OK');
  });

  it('include a release counter below one that was ever installed [full_verification/14]', async () => {
    const { simulator } = stage.gateway;
    const { aktualizr } = await stage.open();
    const offerCounted = async (name: string, releaseCounter: number) => {
      const counted = { releaseCounter };
      const content = Buffer.from(name);
      simulator.director.targets.clear();
      const image = { name, content, hardwareIds: [PRIMARY.hardwareId], custom: counted };
      simulator.assign(simulator.addImage(image), [PRIMARY], counted);
      simulator.correlate(`urn:here-ota:campaign:${name}`);
      await simulator.publish();
    };
    await offerCounted('second.bin', 2);
    assert.equal((await aktualizr.uptaneCycle()).install?.kind, 'installed');
    await offerCounted('first.bin', 1);
    const back = await aktualizr.checkUpdates();
    assert.equal(back.kind === 'refused' && back.error.code, 'ReleaseCounter');
    await offerCounted('first-again.bin', 3);
    assert.equal((await aktualizr.uptaneCycle()).install?.kind, 'installed');
  });

  it('are Targets for another vehicle, and none for this one by its id or its certificate’s name [5.2.3.1-3]', async () => {
    const { simulator } = stage.gateway;
    const { aktualizr, storage } = await stage.open();
    storage.identity.saveDeviceId('bay-1');
    storage.identity.saveRegistration([{ ...PRIMARY, isPrimary: true }]);
    for (const [vehicleId, kind] of [
      ['bay-2', 'refused'],
      ['bay-1', 'nothing_new'],
      // The common name of the certificate.
      ['device-1', 'nothing_new'],
    ] as const) {
      simulator.director.custom = { vehicleId };
      await simulator.publish();
      const checked = await aktualizr.checkUpdates();
      assert.equal(checked.kind, kind, vehicleId);
      assert.equal(checked.kind === 'refused' ? checked.error.code : 'BadEcuId', 'BadEcuId');
    }
  });

  it('include a release counter below that of an image which a rollback left [full_verification/14]', async () => {
    const { simulator } = stage.gateway;
    const { aktualizr, storage } = await stage.open();
    const offerCounted = async (name: string, releaseCounter: number) => {
      simulator.director.targets.clear();
      const custom = { releaseCounter };
      const image = { name, content: Buffer.from(name), hardwareIds: [PRIMARY.hardwareId], custom };
      simulator.assign(simulator.addImage(image), [PRIMARY], custom);
      simulator.correlate(`urn:here-ota:campaign:${name}`);
      await simulator.publish();
    };
    await offerCounted('third.bin', 3);
    assert.equal((await aktualizr.uptaneCycle()).install?.kind, 'installed');
    await offerCounted('fifth.bin', 5);
    assert.equal((await aktualizr.uptaneCycle()).install?.kind, 'installed');
    // The boot of the fifth failed: the third runs again.
    const [third] = aktualizr.installationLog();
    assert.ok(third !== undefined);
    storage.installations.save(third, 'current');
    await offerCounted('fourth.bin', 4);
    const refused = await aktualizr.checkUpdates();
    assert.equal(refused.kind === 'refused' && refused.error.code, 'ReleaseCounter');
    await offerCounted('sixth.bin', 6);
    assert.equal((await aktualizr.uptaneCycle()).install?.kind, 'installed');
  });
});
