// A device with a repository mapping: addresses to fall back on, and further repositories with stores of their own.
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { canonicalBytes, parseRepositoryMapping, type JsonObject } from '@ota-connect/uptane';
import { PRIMARY, RepositorySimulator } from '@ota-connect/testkit';
import { manifestsOf } from './support/requests.ts';
import { setStage, type Stage } from './support/stage.ts';

const GONE = { status: 503, headers: {}, body: new Uint8Array() };
const MISSING = { ...GONE, status: 404 };

type Rule = { paths: readonly string[]; repositories: readonly string[]; threshold: number };

function mappingOf(repositories: Record<string, readonly string[]>, rules: readonly Rule[]) {
  const mapping = rules.map((rule) => ({ ...rule, terminating: true }));
  return parseRepositoryMapping(canonicalBytes({ repositories, mapping } as JsonObject));
}

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
    const nowhere = mappingOf({ director: ['https://localhost:1'], image: ['https://localhost:1'] }, [BOTH]);
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

  function mapping({ gateway: { url } }: Stage = stage) {
    const repositories = {
      director: [`${url}/director`],
      image: [`${url}/repo`],
      supplier: [`${url}/supplier`],
    };
    return mappingOf(repositories, [SUPPLIED, BOTH]);
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

  it('out of reach are a server out of reach, no refusal', async () => {
    await supply();
    stage.gateway.faultOf = ({ path }) => (path.startsWith('/supplier/') ? { kind: 'drop' } : undefined);
    const { aktualizr, storage } = await stage.open({ mapping: mapping(), http: { attempts: 1 } });
    await assert.rejects(aktualizr.checkUpdates(), /cannot be reached/);
    assert.deepEqual(storage.attacks.pending(), []);
  });
});
