// A device with a repository mapping: addresses to fall back on, and further repositories with stores of their own.
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { canonicalBytes, parseRepositoryMapping, type JsonObject } from '@ota-connect/uptane';
import { PRIMARY, RepositorySimulator, type HttpAnswer, type HttpRequest } from '@ota-connect/testkit';
import { manifestsOf } from './support/requests.ts';
import { setStage, type Stage } from './support/stage.ts';

const GONE = { status: 503, headers: {}, body: new Uint8Array() };
const MISSING = { ...GONE, status: 404 };

type Rule = { paths: readonly string[]; repositories: readonly string[]; threshold: number };

function mappingOf(repositories: Record<string, readonly string[]>, rules: readonly Rule[]) {
  const mapping = rules.map((rule) => ({ ...rule, terminating: true }));
  return parseRepositoryMapping(canonicalBytes({ repositories, mapping } as JsonObject));
}

const ALL: Rule = { paths: ['*'], repositories: ['director', 'supplier', 'image'], threshold: 3 };
const BOTH: Rule = { paths: ['*'], repositories: ['director', 'image'], threshold: 2 };
const SUPPLIED: Rule = { paths: ['supplied/*'], repositories: ['director', 'supplier'], threshold: 2 };

describe('addresses of a repository', () => {
  const stage = setStage();
  const paths = () => stage.gateway.requests.map(({ path }) => path);

  function spared() {
    const { url } = stage.gateway;
    return mappingOf(
      {
        director: ['https://localhost:1/director', `${url}/director`],
        image: [`${url}/first/repo`, `${url}/repo`],
      },
      [BOTH],
    );
  }

  it('are asked in order, where one gives no answer: metadata and images [5.2.6-2]', async () => {
    await stage.offer();
    stage.gateway.answerOf = ({ path }) => (path.startsWith('/first/') ? GONE : undefined);
    const passedOver: string[] = [];
    const { aktualizr } = await stage.open({ mapping: spared(), passedOver, http: { attempts: 1 } });
    assert.equal((await aktualizr.uptaneCycle()).install?.kind, 'installed');
    assert.equal(paths().includes('/first/repo/targets/app.bin'), true);
    assert.equal(paths().includes('/repo/targets/app.bin'), true);
    assert.match(passedOver[0] ?? '', /https:\/\/localhost:1 cannot be reached/);
    assert.ok(passedOver.some((message) => message.includes('/first/repo/timestamp.json answered 503')));
  });

  it('are not asked after one that says that there is no such file', async () => {
    await stage.offer();
    stage.gateway.answerOf = ({ path }) => (path.startsWith('/first/') ? MISSING : undefined);
    const { aktualizr } = await stage.open({ mapping: spared(), http: { attempts: 1 } });
    await assert.rejects(aktualizr.checkUpdates(), /no Root/);
    assert.equal(
      paths().some((path) => path.startsWith('/repo/')),
      false,
    );
  });

  it('all out of reach are a server out of reach', async () => {
    const nowhere = mappingOf({ director: ['https://localhost:1'], image: ['https://localhost:2'] }, [BOTH]);
    const { aktualizr, storage } = await stage.open({ mapping: nowhere, http: { attempts: 1 } });
    await assert.rejects(aktualizr.checkUpdates(), /https:\/\/localhost:1 cannot be reached/);
    assert.deepEqual(storage.attacks.pending(), []);
  });
});

describe('further repositories of a mapping', () => {
  const stage = setStage();

  /** A supplier's repository below `/supplier/`, which lists the image; the Image repository does not. */
  async function supply(name = 'supplied/part.bin') {
    const { gateway } = stage;
    const supplier = await RepositorySimulator.create({ now: gateway.simulator.now });
    const supplied = { name, content: Buffer.from(name), hardwareIds: [PRIMARY.hardwareId] };
    const target = supplier.addImage(supplied);
    await supplier.publish();
    gateway.simulator.assign(target);
    gateway.simulator.correlate(`urn:here-ota:campaign:${name}`);
    await gateway.simulator.publish();
    gateway.answerOf = (request) =>
      request.path.startsWith('/supplier/')
        ? supplier.answer({ ...request, path: request.path.replace('/supplier/', '/repo/') })
        : undefined;
    return supplier;
  }

  function mapping({ gateway: { url } }: Stage = stage, rules: readonly Rule[] = [SUPPLIED, BOTH]) {
    const repositories = {
      director: [`${url}/director`],
      image: [`${url}/repo`],
      supplier: [`${url}/supplier`],
    };
    return mappingOf(repositories, rules);
  }

  it('sign the images that are theirs, which come from them, with metadata of their own [5.2.6-3, 5.4.4.2-0]', async () => {
    const supplier = await supply();
    const { aktualizr, storage } = await stage.open({ mapping: mapping() });
    assert.equal((await aktualizr.uptaneCycle()).install?.kind, 'installed');
    const asked = stage.gateway.requests.map(({ path }) => path);
    assert.equal(asked.includes('/supplier/targets/supplied/part.bin'), true);
    assert.equal(
      asked.some((path) => path.startsWith('/repo/')),
      false,
    );
    assert.deepEqual(
      Buffer.from(storage.metadata.further('supplier').load('targets') ?? []),
      Buffer.from(supplier.image.files.get('targets.json') ?? []),
    );
    assert.equal(storage.metadata.image.load('targets'), undefined);
  });

  it('are enough as they are stored, when the network is gone', async () => {
    await supply();
    const first = await stage.open({ mapping: mapping() });
    await first.aktualizr.checkUpdates();
    assert.equal((await first.aktualizr.download()).kind, 'downloaded');
    stage.close(first);
    stage.gateway.faultOf = () => ({ kind: 'drop' });
    const second = await stage.open({ mapping: mapping() });
    assert.equal((await second.aktualizr.install()).kind, 'installed');
  });

  it('do not sign what is not theirs: an image of the Image repository alone [5.2.6-3]', async () => {
    await supply('elsewhere/part.bin');
    const { aktualizr } = await stage.open({ mapping: mapping() });
    const refused = await aktualizr.checkUpdates();
    assert.equal(refused.kind === 'refused' && refused.error.code, 'TargetMismatch');
  });

  it('cannot go back, over a restart too, and the Director hears which of them did', async () => {
    const supplier = await supply();
    const first = await stage.open({ mapping: mapping() });
    await first.aktualizr.checkUpdates();
    stage.close(first);
    await supplier.publish();
    supplier.image.replay(0);
    const second = await stage.open({ mapping: mapping() });
    const refused = await second.aktualizr.checkUpdates();
    assert.equal(refused.kind === 'refused' && refused.error.code, 'Rollback');
    const own = manifestsOf(stage.gateway.requests).at(-1)?.ecu_version_manifests[PRIMARY.serial];
    assert.equal(
      own?.signed.attacks_detected,
      'rollback: Rollback in timestamp.json of the repository supplier',
    );
  });

  /** Both list the image; the supplier, which is asked first, answers for it as a test says. */
  async function supplyTwice(answer: (request: HttpRequest) => HttpAnswer | undefined) {
    const supplier = await supply();
    const { simulator } = stage.gateway;
    const name = 'supplied/part.bin';
    simulator.addImage({ name, content: Buffer.from(name), hardwareIds: [PRIMARY.hardwareId] });
    await simulator.publish();
    const { answerOf } = stage.gateway;
    stage.gateway.answerOf = (request) =>
      (request.path === '/supplier/targets/supplied/part.bin' ? answer(request) : undefined) ??
      answerOf(request);
    const passedOver: string[] = [];
    const device = await stage.open({ mapping: mapping(stage, [ALL]), passedOver, http: { attempts: 1 } });
    return { ...device, supplier, passedOver };
  }

  const told = () =>
    manifestsOf(stage.gateway.requests)
      .map(({ ecu_version_manifests: all }) => all[PRIMARY.serial]?.signed.attacks_detected)
      .filter((text) => text !== '');
  const WRONG = { status: 200, headers: {}, body: Buffer.from('supplied/part.exe') };

  it('are passed over, when they have another image than is signed; the Director hears of it', async () => {
    const { aktualizr, passedOver } = await supplyTwice(() => WRONG);
    assert.equal((await aktualizr.uptaneCycle()).install?.kind, 'installed');
    assert.match(passedOver.at(-1) ?? '', /does not have the hash that is signed\. It is not taken/);
    assert.deepEqual(told(), ['arbitrary software: TargetHashMismatch in the image supplied/part.bin']);
  });

  it('spoil nothing for the next one by a part of another image', async () => {
    const { aktualizr } = await supplyTwice(() => ({ ...WRONG, body: Buffer.from('another-part.exe') }));
    stage.gateway.faultOf = ({ path }) =>
      path.startsWith('/supplier/targets/') ? { kind: 'truncate', afterBytes: 5 } : undefined;
    assert.equal((await aktualizr.uptaneCycle()).install?.kind, 'installed');
  });

  it('are waited for, when one has another image and the next gives no answer', async () => {
    const { aktualizr } = await supplyTwice(() => WRONG);
    stage.gateway.faultOf = ({ path }) => (path.startsWith('/repo/targets/') ? { kind: 'drop' } : undefined);
    const failed = await aktualizr.uptaneCycle();
    assert.deepEqual(
      failed.download?.kind === 'failed' && [failed.download.error.family, failed.download.reported],
      ['TransportError', false],
    );
    stage.gateway.faultOf = () => undefined;
    assert.equal((await aktualizr.uptaneCycle()).install?.kind, 'installed');
  });

  it('end the download with what is wrong, when none has the image that is signed', async () => {
    const { aktualizr, supplier } = await supplyTwice(() => WRONG);
    supplier.images.set('supplied/part.bin', WRONG.body);
    stage.gateway.simulator.images.set('supplied/part.bin', WRONG.body);
    const failed = await aktualizr.uptaneCycle();
    assert.equal(failed.download?.kind === 'failed' && failed.download.error.code, 'TargetHashMismatch');
  });

  it('out of reach are a server out of reach, no refusal', async () => {
    await supply();
    stage.gateway.faultOf = ({ path }) => (path.startsWith('/supplier/') ? { kind: 'drop' } : undefined);
    const { aktualizr, storage } = await stage.open({ mapping: mapping(), http: { attempts: 1 } });
    await assert.rejects(aktualizr.checkUpdates(), /cannot be reached/);
    assert.deepEqual(storage.attacks.pending(), []);
  });
});
