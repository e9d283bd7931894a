import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hashesOf, tufKey, type TufRepository } from '@ota-connect/testkit';
import { MetadataError, TUF_LIMITS } from '../../src/index.ts';
import { refusal } from '../secondary-client.ts';
import { newRepository, NOW, type TufClient } from './tuf-client.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const hashOf = (name: string): string => hashesOf(bytes(name)).sha256;

async function find(client: TufClient, name: string): Promise<string | undefined> {
  return (await (await client.refresh()).find(name))?.name;
}

/** The delegated roles that were asked for since, as paths. */
function asked(repository: TufRepository, since: number): readonly string[] {
  return repository.requests
    .slice(since)
    .filter((path) => !/^(?:\d+\.)?(?:root|timestamp|snapshot|targets)\.json$/.test(path));
}

describe('delegations of a plain TUF repository', () => {
  it('are followed depth first, in their order, each role once and by its version [resolve_delegations/5, 5.2.7-1]', async () => {
    const { repository, client } = newRepository((fresh) => {
      const a = fresh.delegate('a');
      const shared = fresh.delegate('shared', {}, a);
      fresh.delegate('b', { paths: ['other/*'] });
      const c = fresh.delegate('c', { version: 7 });
      c.delegations.push(shared);
      fresh.addImage('found.bin', bytes('x'), c);
    });
    assert.equal(await find(client, 'found.bin'), 'found.bin');
    assert.deepEqual(asked(repository, 0), ['1.a.json', '1.shared.json', '7.c.json']);
  });

  it('are asked for by plain names, where Root says no consistent snapshots [5.2.7-1]', async () => {
    const { repository, client } = newRepository((fresh) => {
      fresh.consistentSnapshot = false;
      fresh.addImage('found.bin', bytes('x'), fresh.delegate('a'));
    });
    assert.equal(await find(client, 'found.bin'), 'found.bin');
    assert.deepEqual(asked(repository, 0), ['a.json']);
  });

  for (const name of ['?', '#', '/delegated', '../delegated', '__proto__']) {
    it(`may go to a role named "${name}", which stays in its place [resolve_delegations/1, 5.2.7-3]`, async () => {
      const { repository, client } = newRepository((fresh) => {
        fresh.addImage('found.bin', bytes('x'), fresh.delegate(name));
      });
      assert.equal(await find(client, 'found.bin'), 'found.bin');
      assert.deepEqual(asked(repository, 0), [`1.${encodeURIComponent(name)}.json`]);
    });
  }

  it('are searched below a terminating one, and no further [resolve_delegations/4]', async () => {
    const { repository, client } = newRepository((fresh) => {
      const first = fresh.delegate('first', { terminating: true });
      fresh.addImage('below.bin', bytes('x'), fresh.delegate('below', {}, first));
      fresh.addImage('after.bin', bytes('x'), fresh.delegate('after'));
    });
    assert.equal(await find(client, 'below.bin'), 'below.bin');
    const before = repository.requests.length;
    assert.equal(await find(client, 'after.bin'), undefined);
    assert.deepEqual(asked(repository, before), []);
  });

  it('let the first role decide [resolve_delegations/3]', async () => {
    const { client } = newRepository((fresh) => {
      fresh.addImage('app', bytes('first'), fresh.delegate('first'));
      fresh.addImage('app', bytes('later'), fresh.delegate('later'));
    });
    const entry = await (await client.refresh()).find('app');
    assert.equal(entry?.hashes.sha256, hashesOf(bytes('first')).sha256);
  });

  it('speak for paths folder by folder [resolve_delegations/5]', async () => {
    const { client } = newRepository((fresh) => {
      const role = fresh.delegate('role', { paths: ['*', 'dir/*.bin'] });
      for (const name of ['top.bin', 'dir/a.bin', 'dir/sub/a.bin', 'dir/a.txt'])
        fresh.addImage(name, bytes('x'), role);
    });
    const refreshed = await client.refresh();
    for (const name of ['top.bin', 'dir/a.bin']) assert.equal((await refreshed.find(name))?.name, name);
    for (const name of ['dir/sub/a.bin', 'dir/a.txt']) assert.equal(await refreshed.find(name), undefined);
  });

  it('speak for prefixes of the name’s hash [resolve_delegations/5]', async () => {
    const { client } = newRepository((fresh) => {
      const role = fresh.delegate('role', { pathHashPrefixes: [hashOf('in.bin').slice(0, 8)] });
      for (const name of ['in.bin', 'out.bin']) fresh.addImage(name, bytes('x'), role);
    });
    assert.equal(await find(client, 'in.bin'), 'in.bin');
    assert.equal(await find(client, 'out.bin'), undefined);
  });

  it('put each image into the bin of its hash [resolve_delegations/5, resolve_delegations/4]', async () => {
    const keys = [tufKey('bins')];
    const { repository, client } = newRepository((fresh) => {
      const members = Array.from({ length: 32 }, (_, number) => {
        const name = `bin-${number.toString(16).padStart(2, '0')}`;
        return { ...fresh.delegate(name, { keys }), targets: new Map(), delegations: [] };
      });
      fresh.roles.targets.delegations.length = 0;
      fresh.roles.targets.bins = { bitLength: 5, namePrefix: 'bin', keys, threshold: 1, members };
      for (const name of ['one', 'two', 'three']) {
        const number = Number.parseInt(hashOf(name).slice(0, 2), 16) >> 3;
        const bin = members[number];
        assert.ok(bin);
        fresh.addImage(name, bytes(name), bin);
      }
    });
    const refreshed = await client.refresh();
    for (const name of ['one', 'two', 'three']) {
      const before = repository.requests.length;
      assert.equal((await refreshed.find(name))?.name, name);
      assert.ok(asked(repository, before).length <= 1);
    }
    assert.equal(await refreshed.find('four'), undefined);
  });

  it('are verified by the keys of the delegator that led there, also when the role is stored already [resolve_delegations/2]', async () => {
    const { client } = newRepository((fresh) => {
      const good = fresh.delegate('good', { paths: ['good/*'] });
      const bad = fresh.delegate('bad', { paths: ['bad/*'] });
      const shared = fresh.delegate('shared', { paths: ['*/*'] }, good);
      bad.delegations.push({ ...shared, listedKeys: [tufKey('another')] });
      for (const name of ['good/app', 'bad/app']) fresh.addImage(name, bytes('x'), shared);
    });
    const refreshed = await client.refresh();
    assert.equal((await refreshed.find('good/app'))?.name, 'good/app');
    await refusal(refreshed.find('bad/app'), 'BadKeyId');
    await refusal(refreshed.find('bad/app'), 'BadKeyId');
    assert.equal((await refreshed.find('good/app'))?.name, 'good/app');
  });

  for (const [title, spoil, code] of [
    ['expired', { expires: NOW }, 'ExpiredMetadata::broken'],
    ['not signed', { signWith: [] }, 'UnmetThreshold::broken'],
    ['signed by others', { signWith: [tufKey('others')] }, 'BadKeyId'],
  ] as const) {
    it(`end the search at a role that is ${title}, which is not kept [resolve_delegations/2]`, async () => {
      const { client } = newRepository((fresh) => {
        fresh.delegate('broken', spoil);
        fresh.addImage('app.txt', bytes('x'), fresh.delegate('later'));
      });
      await refusal(find(client, 'app.txt'), code);
      assert.equal(client.store.load({ delegation: 'broken' }), undefined);
    });
  }

  it('end the search at a role that Snapshot does not list or nobody has [resolve_delegations/2, check_targets/2]', async () => {
    const { repository, client } = newRepository((fresh) => {
      fresh.delegate('role');
    });
    repository.overrides.set('1.role.json', 'absent');
    await refusal(find(client, 'other'), 'DelegationMissing::role');
    repository.roles.snapshot.edit = (signed) => ({ ...signed, meta: { 'targets.json': { version: 2 } } });
    repository.publish();
    await assert.rejects(client.refresh(), { code: 'Rollback' });
  });

  it('are bounded in number [resolve_delegations/1]', async () => {
    const { client } = newRepository((fresh) => {
      for (let count = 0; count < 40; count += 1) fresh.delegate(`role-${count}`);
    });
    const error = await refusal(find(client, 'nowhere'), 'TargetMismatch');
    assert.equal(error.attack, 'endless data');
    const wider = { ...TUF_LIMITS, delegationVisits: 50 };
    assert.equal(await (await client.refresh(NOW, wider)).find('nowhere'), undefined);
  });

  it('may list a key of a kind that nobody knows, which never counts [check_targets/3]', async () => {
    const { repository, client } = newRepository((fresh) => {
      fresh.addImage('app.txt', bytes('x'), fresh.delegate('role', { threshold: 1 }));
    });
    repository.roles.targets.edit = (signed) => {
      const { delegations } = structuredClone(signed) as { delegations: { keys: object } };
      Object.assign(delegations.keys, { odd: { keytype: 'sphincs', scheme: 'x', keyval: { public: '00' } } });
      return { ...signed, delegations } as typeof signed;
    };
    repository.publish();
    assert.equal(await find(client, 'app.txt'), 'app.txt');
  });

  it('are refused in a form that nobody can follow [resolve_delegations/1]', async () => {
    const { repository, client } = newRepository((fresh) => {
      fresh.delegate('role', { paths: ['*'], pathHashPrefixes: ['00'] });
    });
    const error = await client.refresh().then(
      () => assert.fail('taken'),
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof MetadataError);
    assert.equal(error.wireCode, 'SecurityException::Targets');
    assert.equal(client.store.load('targets'), undefined);
    assert.ok(repository.requests.includes('1.targets.json'));
  });
});
