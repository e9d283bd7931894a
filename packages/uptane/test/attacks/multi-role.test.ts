import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { attacks, offerShared, saysOtherwise, SHARED_IMAGE, withCustom } from '@ota-connect/testkit';
import { jsonObject } from '../../src/index.ts';
import { honestStart, itRefuses } from '../client.ts';

describe('multi-role delegations', () => {
  for (const attack of attacks) if (attack.group === 'multi-role') itRefuses(attack);

  it('takes an image on which all roles agree, and keeps the metadata of each [5.4.4.8-1, 5.1.2-6, 5.2.3.2-7]', async () => {
    const { simulator, client } = await honestStart();
    await offerShared(simulator);
    await simulator.publish();
    assert.equal((await client.updates())[0]?.name, SHARED_IMAGE);
    for (const delegation of ['first', 'second', 'third'])
      assert.notEqual(client.image.load({ delegation }), undefined);
    assert.equal((await client.verifyStored()).kind, 'updates');
  });

  for (const odd of ['first', 'second', 'third'] as const) {
    it(`takes an image on which two of three agree, when the ${odd} role says otherwise [5.4.4.8-1]`, async () => {
      const { simulator, client } = await honestStart();
      const offer = await offerShared(simulator);
      saysOtherwise(offer[odd], (target) => ({ ...target, lengthBytes: 1 }));
      await simulator.publish();
      assert.equal((await client.updates()).length, 1);
    });
  }

  it('takes what has not to match from the earliest role that agrees [5.4.4.8-1]', async () => {
    const { simulator, client } = await honestStart();
    const { first, second, third } = await offerShared(simulator);
    first.targets.clear();
    saysOtherwise(second, withCustom(jsonObject([['uri', 'https://second/']])));
    saysOtherwise(third, withCustom(jsonObject([['uri', 'https://third/']])));
    await simulator.publish();
    assert.equal((await client.updates())[0]?.uri, 'https://second/');
  });

  it('takes hardware ids in any order for the same [5.4.4.8-1]', async () => {
    const { simulator, client } = await honestStart();
    const { first, second, third } = await offerShared(simulator);
    saysOtherwise(first, withCustom(jsonObject([['hardwareIds', ['primary-hw', 'other-hw']]])));
    saysOtherwise(second, withCustom(jsonObject([['hardwareIds', ['other-hw', 'primary-hw']]])));
    third.targets.clear();
    await simulator.publish();
    assert.equal((await client.updates()).length, 1);
  });

  it('lets the set with the earliest role decide, when two sets are large enough [5.4.4.8-2]', async () => {
    const { simulator, client } = await honestStart();
    const { multiRole, second, third } = await offerShared(simulator);
    const fourth = await simulator.delegate('fourth', []);
    for (const [name, target] of third.targets) fourth.targets.set(name, target);
    multiRole.roles = ['first', 'second', 'third', 'fourth'];
    for (const role of [second, third]) saysOtherwise(role, (target) => ({ ...target, lengthBytes: 1 }));
    await simulator.publish();
    assert.equal((await client.updates()).length, 1);
  });

  it('goes on to the next delegation, when the roles do not agree and it does not terminate [5.4.4.8-2]', async () => {
    const { simulator, client } = await honestStart();
    const { first, second, third } = await offerShared(simulator);
    const anyone = await simulator.delegate('anyone', ['*']);
    for (const [name, target] of third.targets) anyone.targets.set(name, target);
    first.targets.clear();
    second.targets.clear();
    await simulator.publish();
    assert.equal((await client.updates()).length, 1);
  });

  it('resolves each role on its own, down to what it delegates [5.4.4.8-1]', async () => {
    const { simulator, client } = await honestStart();
    const { first, second, third } = await offerShared(simulator);
    const below = await simulator.delegate('below', ['shared/*'], second);
    for (const [name, target] of second.targets) below.targets.set(name, target);
    second.targets.clear();
    third.targets.clear();
    await simulator.publish();
    simulator.image.requests.length = 0;
    assert.equal((await client.updates()).length, 1);
    const asked = simulator.image.requests.filter((path) => path.startsWith('delegations/'));
    assert.deepEqual(
      asked,
      ['first', 'second', 'below', 'third'].map((name) => `delegations/${name}.json`),
    );
    assert.equal(first.targets.size, 1);
  });

  it('lets no role stop the others by a terminating delegation of its own [5.4.4.8-1]', async () => {
    const { simulator, client } = await honestStart();
    const { first } = await offerShared(simulator);
    first.targets.clear();
    (await simulator.delegate('nothing', ['*'], first)).terminating = true;
    await simulator.publish();
    assert.equal((await client.updates()).length, 1);
  });

  it('lets a delegated role share what it was given among several [5.4.4.8-1]', async () => {
    const { simulator, client } = await honestStart();
    const { multiRole } = await offerShared(simulator);
    const parent = await simulator.delegate('parent', ['shared/*']);
    parent.delegations.push(...simulator.image.delegations.splice(0, 3));
    parent.multiRole.push(multiRole);
    simulator.image.multiRole.length = 0;
    await simulator.publish();
    assert.equal((await client.updates()).length, 1);
  });

  it('speaks for nothing in a single role that is listed for its keys alone [resolve_delegations/5, 5.2.3.2-7]', async () => {
    const { simulator, client } = await honestStart();
    await offerShared(simulator);
    simulator.image.multiRole.length = 0;
    await simulator.publish();
    await client.refuses('TargetMismatch');
  });

  it('ends, when a role of the group delegates back to its group [5.4.4.8-1]', async () => {
    const { simulator, client } = await honestStart();
    const { first, multiRole } = await offerShared(simulator);
    first.targets.clear();
    first.delegations.push(...simulator.image.delegations);
    first.multiRole.push({ ...multiRole });
    await simulator.publish();
    assert.equal((await client.updates()).length, 1);
  });
});
