// What is installed is what was verified: the bytes of an image are hashed once, and between the download and the
// installation nobody can exchange them without being noticed.
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { PRIMARY } from '@ota-connect/testkit';
import { countingHasher } from './support/counting-hasher.ts';
import { manifestsOf } from './support/requests.ts';
import { CONTENT, setStage } from './support/stage.ts';

describe('bytes of an image', () => {
  const stage = setStage();
  const LENGTH = Buffer.byteLength(CONTENT);

  it('are hashed once, when one process downloads and installs [5.4.3.4-7]', async () => {
    await stage.offer();
    const counter = countingHasher();
    const { aktualizr } = await stage.open(counter);
    assert.equal((await aktualizr.uptaneCycle()).install?.kind, 'installed');
    assert.equal(counter.hashed, LENGTH);
  });

  it('are hashed once by the process that downloads and once by the one that installs', async () => {
    await stage.offer();
    const downloading = countingHasher();
    const first = await stage.open(downloading);
    await first.aktualizr.checkUpdates();
    assert.equal((await first.aktualizr.download()).kind, 'downloaded');
    assert.equal((await first.aktualizr.download()).kind, 'downloaded');
    stage.close(first);
    const installing = countingHasher();
    const second = await stage.open(installing);
    assert.equal((await second.aktualizr.install()).kind, 'installed');
    assert.deepEqual([downloading.hashed, installing.hashed], [LENGTH, LENGTH]);
  });

  it('are hashed once over a broken connection: what had arrived and what comes after it', async () => {
    const file = await stage.offer();
    const counter = countingHasher();
    const { aktualizr, imagesPath } = await stage.open(counter);
    await aktualizr.checkUpdates();
    mkdirSync(imagesPath, { mode: 0o700 });
    writeFileSync(join(imagesPath, file), CONTENT.slice(0, 5));
    assert.equal((await aktualizr.uptaneCycle()).install?.kind, 'installed');
    assert.equal(counter.hashed, LENGTH);
  });

  it('are neither asked for nor hashed again under a second name', async () => {
    await stage.offer();
    const counter = countingHasher();
    const { aktualizr } = await stage.open(counter);
    await aktualizr.uptaneCycle();
    stage.gateway.requests.length = 0;
    stage.gateway.simulator.director.targets.clear();
    await stage.offer('same-bytes.bin');
    assert.equal((await aktualizr.uptaneCycle()).install?.kind, 'installed');
    assert.equal(counter.hashed, LENGTH);
    assert.equal(
      stage.gateway.requests.some(({ path }) => path.includes('/targets/')),
      false,
    );
  });
});

const TAMPERED = Buffer.from(CONTENT).fill('x', 0, 3).toString();

const TAMPERINGS: readonly { what: string; found: string; act: (file: string) => void }[] = [
  { what: 'made shorter', found: 'incomplete', act: (file) => truncateSync(file, 4) },
  { what: 'made longer', found: 'tampered', act: (file) => writeFileSync(file, `${CONTENT}!`) },
  { what: 'changed at its length', found: 'tampered', act: (file) => writeFileSync(file, TAMPERED) },
  {
    what: 'changed with its time put back',
    found: 'tampered',
    act: (file) => {
      // To the nanosecond, which node:fs does not set.
      execFileSync('touch', ['-r', file, `${file}.time`]);
      writeFileSync(file, TAMPERED);
      execFileSync('touch', ['-r', `${file}.time`, file]);
    },
  },
  {
    what: 'replaced by another file',
    found: 'tampered',
    act: (file) => {
      writeFileSync(`${file}.new`, TAMPERED);
      renameSync(`${file}.new`, file);
    },
  },
  {
    what: 'replaced by a symbolic link to the very bytes',
    found: 'tampered',
    act: (file) => {
      renameSync(file, `${file}.elsewhere`);
      symlinkSync(`${file}.elsewhere`, file);
    },
  },
  {
    what: 'replaced by a directory',
    found: 'tampered',
    act: (file) => {
      unlinkSync(file);
      mkdirSync(file);
    },
  },
  { what: 'made writable for others', found: 'tampered', act: (file) => chmodSync(file, 0o666) },
  { what: 'deleted', found: 'missing', act: (file) => unlinkSync(file) },
];

describe('an image between download and installation', () => {
  const stage = setStage();

  async function downloaded() {
    const name = await stage.offer();
    const device = await stage.open();
    await device.aktualizr.checkUpdates();
    assert.equal((await device.aktualizr.download()).kind, 'downloaded');
    return { device, file: join(device.imagesPath, name) };
  }

  for (const { what, found, act } of TAMPERINGS) {
    for (const process of ['the same process', 'the next process'] as const) {
      it(`that was ${what} is not installed, until it is downloaded again, by ${process} [5.4.3.4-6, 5.4.3.4-8]`, async () => {
        let { device, file } = await downloaded();
        act(file);
        if (process === 'the next process') {
          stage.close(device);
          device = await stage.open();
        }
        const { aktualizr } = device;
        const refused = await aktualizr.install();
        assert.equal(refused.kind === 'image_not_usable' && refused.reason, found);
        assert.deepEqual(aktualizr.installationLog(), []);
        assert.equal((await aktualizr.download()).kind, 'downloaded');
        assert.equal(readFileSync(file, 'utf8'), CONTENT);
        assert.equal(statSync(file).mode & 0o777, 0o600);
        assert.equal((await aktualizr.install()).kind, 'installed');
      });
    }
  }

  it('is told to the Director, when it was exchanged', async () => {
    const { device, file } = await downloaded();
    writeFileSync(file, TAMPERED);
    await device.aktualizr.install();
    await device.aktualizr.checkUpdates();
    const own = manifestsOf(stage.gateway.requests).at(-1)?.ecu_version_manifests[PRIMARY.serial];
    assert.equal(own?.signed.attacks_detected, 'arbitrary software: TargetHashMismatch in the image app.bin');
  });

  it('is accepted without a request, when somebody put the right bytes back', async () => {
    const { device, file } = await downloaded();
    truncateSync(file, 4);
    assert.equal((await device.aktualizr.install()).kind, 'image_not_usable');
    writeFileSync(file, CONTENT);
    stage.gateway.requests.length = 0;
    assert.equal((await device.aktualizr.install()).kind, 'installed');
    assert.equal(
      stage.gateway.requests.some(({ path }) => path.includes('/targets/')),
      false,
    );
  });

  it('is not installed, when it is exchanged in the moment after it was verified', async () => {
    const name = await stage.offer();
    const { aktualizr, imagesPath } = await stage.open({
      wrap: {
        packageManager: (manager) => ({
          ...manager,
          install: (target) => {
            writeFileSync(join(imagesPath, name), TAMPERED);
            return manager.install(target);
          },
        }),
      },
    });
    const { install } = await aktualizr.uptaneCycle();
    assert.equal(install?.kind === 'failed' && install.result.success, false);
    assert.deepEqual(aktualizr.installationLog(), []);
  });

  it('lies where nobody else may write: the directory is closed to others', async () => {
    const { device } = await downloaded();
    assert.equal(statSync(device.imagesPath).mode & 0o777, 0o700);
    chmodSync(device.imagesPath, 0o777);
    assert.equal((await device.aktualizr.install()).kind, 'installed');
    assert.equal(statSync(device.imagesPath).mode & 0o777, 0o755);
  });

  it('is never written through a link that lies in its place', async () => {
    const name = await stage.offer();
    const { aktualizr, imagesPath } = await stage.open();
    mkdirSync(imagesPath, { mode: 0o700 });
    const victim = join(imagesPath, 'victim');
    writeFileSync(victim, 'precious');
    symlinkSync(victim, join(imagesPath, name));
    assert.equal((await aktualizr.uptaneCycle()).install?.kind, 'installed');
    assert.equal(readFileSync(victim, 'utf8'), 'precious');
    assert.equal(existsSync(join(imagesPath, name)), true);
  });
});
