// Targets on their way to the folder of `tuf-client`: what is asked for, what lands, and what is left out.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { hashesOf, type TufRepository } from '@ota-connect/testkit';
import { runTufClient } from '../src/tuf-command.ts';
import { addSeconds, type JsonObject } from '@ota-connect/uptane';
import { runHere, type Run } from './served.ts';
import { bump, DAY, itRuns, text, withTuf, type TufWorld } from './tuf-world.ts';

const sha256 = (content: string): string => hashesOf(text(content)).sha256;

async function downloads(world: TufWorld, ...names: readonly string[]): Promise<void> {
  const { code, err } = await world.download(...names);
  assert.equal(code, 0, err);
}

async function isRefused(world: TufWorld, code: string, ...names: readonly string[]): Promise<void> {
  const done = await world.download(...names);
  assert.equal(done.code, 1, 'nothing was refused');
  assert.match(done.err, new RegExp(`^tuf-client: ${code} \\(`));
}

/** Lists a target otherwise than `addImage` does. */
function relist(repository: TufRepository, name: string, change: JsonObject): void {
  const { targets } = repository.roles.targets;
  targets.set(name, { ...targets.get(name), ...change });
}

describe('tuf-client download', () => {
  itRuns('refreshes first, then fetches by hash and name', async (world) => {
    world.repository.addImage('dir/app.bin', text('app'));
    await world.init();
    await downloads(world, 'dir/app.bin');
    assert.deepEqual(world.asked(), ['2.root.json', 'timestamp.json', '1.snapshot.json', '1.targets.json']);
    assert.deepEqual(world.imageRequests, [`dir/${sha256('app')}.app.bin`]);
    assert.deepEqual(readdirSync(world.targets), ['dir%2Fapp.bin']);
    assert.deepEqual(world.landed(), ['app']);
  });

  itRuns(
    'asks for the plain name, where the repository has no consistent snapshots',
    async (world) => {
      world.repository.addImage('dir/app.bin', text('app'));
      await world.init();
      await downloads(world, 'dir/app.bin');
      assert.deepEqual(world.imageRequests, ['dir/app.bin']);
    },
    (repository) => void (repository.consistentSnapshot = false),
  );

  itRuns(
    'fetches several in their order, files in that order of time, and stops at the first that fails',
    async (world) => {
      const names = ['c', 'a', 'd', 'b'];
      for (const name of names) world.repository.addImage(name, text(`content of ${name}`));
      await world.init();
      await downloads(world, ...names);
      assert.deepEqual(
        world.landed(),
        names.map((name) => `content of ${name}`),
      );
      assert.equal(world.asked().length, 4);
      world.repository.addImage('e', text('e'));
      bump(world.repository);
      await isRefused(world, 'TargetMismatch', 'missing', 'e');
      assert.equal(world.landed().length, 4);
    },
  );

  itRuns(
    'fetches nothing that lies there already with the right hashes, and anew what does not',
    async (world) => {
      world.repository.addImage('app', text('app'));
      await world.init();
      await downloads(world, 'app');
      await downloads(world, 'app');
      assert.equal(world.imageRequests.length, 1);
      for (const spoiled of ['apx', 'ap', 'appp']) {
        writeFileSync(path.join(world.targets, 'app'), spoiled);
        await downloads(world, 'app');
        assert.deepEqual(world.landed(), ['app']);
      }
      assert.equal(world.imageRequests.length, 4);
    },
  );

  itRuns('replaces a target whose content is another one in newer metadata', async (world) => {
    world.repository.addImage('app', text('first'));
    await world.init();
    for (const content of ['first', 'second', 'third']) {
      world.repository.addImage('app', text(content));
      bump(world.repository);
      await downloads(world, 'app');
      assert.deepEqual(world.landed(), [content]);
    }
  });

  const served: readonly (readonly [string, string, string])[] = [
    ['longer', 'apps', 'OversizedTarget'],
    ['shorter', 'ap', 'UndersizedTarget'],
    ['another one of the same length', 'apx', 'TargetHashMismatch'],
  ];
  for (const [what, content, code] of served)
    itRuns(`refuses content that is ${what}, and leaves what lay there`, async (world) => {
      const { repository } = world;
      repository.addImage('app', text('old'));
      await world.init();
      await downloads(world, 'app');
      repository.addImage('app', text('app'));
      repository.images.set(`${sha256('app')}.app`, text(content));
      bump(repository);
      await isRefused(world, code, 'app');
      assert.deepEqual(world.landed(), ['old']);
      assert.deepEqual(readdirSync(world.targets), ['app']);
    });

  for (const hashes of [['sha256'], ['sha512'], ['sha256', 'sha512']] as const)
    itRuns(`takes a target with ${hashes.join(' and ')}`, async (world) => {
      const { repository } = world;
      repository.addImage('app', text('app'));
      const all = hashesOf(text('app'));
      relist(repository, 'app', { hashes: Object.fromEntries(hashes.map((name) => [name, all[name]])) });
      await world.init();
      await downloads(world, 'app');
      assert.deepEqual(world.landed(), ['app']);
    });

  itRuns('refuses a target of which one of two hashes is wrong', async (world) => {
    const { repository } = world;
    repository.addImage('app', text('app'));
    relist(repository, 'app', { hashes: { sha256: sha256('app'), sha512: '00'.repeat(64) } });
    await world.init();
    await isRefused(world, 'TargetHashMismatch', 'app');
    assert.deepEqual(world.landed(), []);
  });

  for (const hashes of [{ lolhash: 'ab'.repeat(32) }, { md5: 'ab'.repeat(16), sha1: 'ab'.repeat(20) }])
    itRuns(
      `refuses a target with ${Object.keys(hashes).join(' and ')} alone before it asks for it`,
      async (world) => {
        const { repository } = world;
        repository.addImage('app', text('app'));
        relist(repository, 'app', { hashes });
        await world.init();
        await isRefused(world, 'TargetHashMismatch', 'app');
        assert.deepEqual(world.imageRequests, []);
        assert.deepEqual(world.landed(), []);
      },
    );

  itRuns('does not count a hash of an unknown kind beside a known one', async (world) => {
    const { repository } = world;
    repository.addImage('app', text('app'));
    relist(repository, 'app', { hashes: { sha256: sha256('app'), lolhash: 'junk' } });
    await world.init();
    await downloads(world, 'app');
  });

  for (const name of ['../../escaped', '/absolute', 'a b?c#d', '.hidden', 'a/../b'])
    itRuns(`lands "${name}" as one file inside the folder`, async (world) => {
      world.repository.addImage(name, text('odd'));
      await world.init();
      await downloads(world, name);
      assert.deepEqual(world.landed(), ['odd']);
      assert.equal(readdirSync(world.targets).length, 1);
      assert.equal(readdirSync(path.dirname(world.targets)).length, 3);
    });

  itRuns('sweeps what a killed run left', async (world) => {
    world.repository.addImage('app', text('app'));
    await world.init();
    mkdirSync(world.targets);
    writeFileSync(path.join(world.targets, '.part-1'), 'half');
    await downloads(world, 'app');
    assert.deepEqual(readdirSync(world.targets), ['app']);
  });

  itRuns('fetches no target, when the refresh before it is refused', async (world) => {
    world.repository.addImage('app', text('app'));
    await world.init();
    world.repository.roles.timestamp.signWith = [];
    bump(world.repository);
    await isRefused(world, 'UnmetThreshold::Timestamp', 'app');
    assert.deepEqual(world.imageRequests, []);
  });

  it('refuses a target that the server does not have, and asks no second time', () => {
    let asked = 0;
    return withTuf(
      () => undefined,
      async (world) => {
        world.repository.addImage('app', text('app'));
        await world.init();
        await isRefused(world, 'UndersizedTarget', 'app');
        assert.equal(asked, 1);
      },
      {
        before: ({ url = '' }, response) => {
          if (!url.startsWith('/targets/')) return false;
          asked += 1;
          response.writeHead(404).end();
          return true;
        },
      },
    );
  });
});

describe('tuf-client, command line', () => {
  const say = (...args: readonly string[]): Promise<Run> =>
    runHere(runTufClient, args, addSeconds(0 as never, DAY));
  const run = async (...args: readonly string[]): Promise<number> => (await say(...args)).code;
  const base = ['--metadata-dir', '/nowhere/metadata'];
  const refresh = [...base, '--metadata-url', 'http://127.0.0.1:9'];
  const wrong: readonly (readonly [string, readonly string[]])[] = [
    ['nothing', []],
    ['no word', refresh],
    ['another word', [...refresh, 'update']],
    ['init without a file', [...base, 'init']],
    ['init with two files', [...base, 'init', 'a', 'b']],
    ['refresh with a word too much', [...refresh, 'refresh', 'a']],
    ['refresh without an address', [...base, 'refresh']],
    ['an address that is none', [...base, '--metadata-url', 'x', 'refresh']],
    [
      'download without a target',
      [...refresh, '--target-base-url', 'http://a', '--target-dir', 'b', 'download'],
    ],
    [
      'download without a folder',
      [...refresh, '--target-base-url', 'http://a', '--target-name', 'b', 'download'],
    ],
    ['an option twice', [...refresh, ...base, 'refresh']],
  ];
  for (const [what, args] of wrong)
    it(`is wrong use with exit code 64, given ${what}`, async () => assert.equal(await run(...args), 64));

  it('fails with 1 without a Root that somebody handed in, and with 1 for a file that is not there', async () => {
    assert.equal(await run(...refresh, 'refresh'), 1);
    assert.equal(await run(...base, 'init', '/nowhere/root.json'), 1);
  });

  it('explains itself, asked by option or word', async () => {
    for (const help of ['--help', 'help']) {
      const { code, out } = await say(help);
      assert.equal(code, 0);
      assert.match(out.join('\n'), /^tuf-client --metadata-dir DIR init/);
    }
  });

  const told: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['a word that there is not', [...base, 'frobnicate'], /There is no `frobnicate`: /],
    ['that word alone', ['frobnicate'], /There is no `frobnicate`: /],
    ['no word', [], /Nothing is said to be done: /],
    [
      'a name to refresh',
      [...base, '--target-name', 'x', 'refresh'],
      /--target-name is no option of `refresh`\./,
    ],
    ['an address to init', [...refresh, 'init', 'f'], /--metadata-url is no option of `init`\./],
  ];
  for (const [what, args, sentence] of told)
    it(`says so before anything else, and how help is had, given ${what}`, async () => {
      const { code, err } = await say(...args);
      assert.equal(code, 64);
      assert.match(err, sentence);
      assert.ok(err.endsWith('\n`npx --no -- tuf-client --help` says how it is used.'));
    });
});
