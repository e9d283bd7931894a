// What can go wrong while a commit is pulled and deployed, with the real aktualizr process and real libostree: lost links,
// kills, stalls, full disks, tampered objects, read-only system directories (root).
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Run } from '../../apps/aktualizr/test/process.ts';
import { manifestsOf, reportsOf } from '../../packages/libaktualizr/test/support/requests.ts';
import { openTestProxy } from '../../packages/libaktualizr/test/support/test-proxy.ts';
import { bootDeployment, bootMachine } from './support/booted.ts';
import { openOstreeDevice, type OstreeDevice } from './support/ostree-device.ts';
import { must, type Version } from './support/ostree-tree.ts';

const NEEDS_REBOOT = 21;
const INSTALL_FAILED = 4;
const DOWNLOAD_FAILED = 5;
/** Of the device: what it has not room for is tried again. */
const NO_ROOM = 74;
const KIB = 1024;

function ends(run: Run, code: number): void {
  assert.equal(run.code, code, `${run.stdout}${run.stderr}`);
}

/** Private views of our repositories that lie about; none, when all is well. */
function views(): string[] {
  return readdirSync('/run').filter((name) => name.startsWith('aktualizr-ostree-'));
}

async function until(isSo: () => boolean): Promise<void> {
  for (let again = 0; again < 600; again += 1) {
    if (isSo()) return;
    await sleep(50);
  }
  assert.fail('it did not come so far within 30 s');
}

function isFile(path: string): boolean {
  return path.endsWith('.filez');
}

describe('an OSTree update', () => {
  let device: OstreeDevice;
  let second: Version;
  beforeEach(async () => {
    device = await openOstreeDevice();
    second = device.world.commit('two', {
      a: randomBytes(64 * KIB),
      b: randomBytes(64 * KIB),
      c: randomBytes(64 * KIB),
    });
    await device.offer(second);
  });
  afterEach(async () => {
    await device.close();
  });

  async function completes(): Promise<void> {
    ends(await device.folder.run('once'), NEEDS_REBOOT);
    assert.equal(device.world.deployments()[0], second.commit);
    must('ostree', 'fsck', '--quiet', `--repo=${device.world.repository}`);
    assert.deepEqual(views(), []);
  }

  /** Starts a pull that takes long, and answers when the server has sent so much. */
  async function pullSlowly(bytes: number) {
    device.treehub.bytesPerSecond = 16 * KIB;
    const running = await device.folder.start(['once'], /^/);
    await until(() => device.treehub.sentBytes() > bytes);
    return running;
  }

  it('goes on where a lost link ended it, and asks for nothing twice', async () => {
    const { treehub, folder } = device;
    let files = 0;
    treehub.faultOf = (path) =>
      isFile(path) && (files += 1) > 1 ? { kind: 'drop', afterBytes: 1000 } : undefined;
    ends(await folder.run('once'), DOWNLOAD_FAILED);
    assert.deepEqual(reportsOf(device.gateway.requests), []);
    treehub.faultOf = () => undefined;
    const [arrived = 'none'] = treehub.requests.filter(isFile);
    treehub.requests.length = 0;
    await completes();
    assert.notEqual(arrived, 'none');
    assert.ok(!treehub.requests.includes(arrived), arrived);
  });

  it('goes on after a kill in the midst of the pull, and leaves no key behind', async () => {
    const { child, ended } = await pullSlowly(48 * KIB);
    const [view = ''] = views();
    const path = join('/run', view);
    assert.notEqual(view, '');
    assert.equal(statSync(path).mode & 0o077, 0);
    assert.equal(statSync(join(path, 'pkey.pem')).mode & 0o077, 0);
    child.kill('SIGKILL');
    await ended;
    device.treehub.bytesPerSecond = undefined;
    await completes();
  });

  it('is complete after a kill while the deployment is made, however far that came', async () => {
    const { folder, world } = device;
    for (const [when, line] of [
      ['before', 'kill -KILL $PPID; exit 1'],
      ['after', 'ostree "$@"; kill -KILL $PPID; exit 1'],
    ]) {
      const wrapper = join(folder.path, `ostree-${when}`);
      writeFileSync(wrapper, `#!/bin/sh\ncase "$1 $2" in 'admin deploy') ${line};; esac\nexec ostree "$@"\n`);
      chmodSync(wrapper, 0o755);
      device.configure({ booted: 'booted', ostree_command: wrapper });
      assert.equal((await folder.run('once')).code, null);
    }
    device.configure({ booted: 'booted' });
    await completes();
    assert.deepEqual(world.deployments(), [second.commit, world.first.commit]);
  });

  it('ends when it is told to, and no ostree runs on', async () => {
    const { child, ended } = await pullSlowly(16 * KIB);
    assert.equal(views().length, 1);
    child.kill('SIGTERM');
    await ended;
    assert.deepEqual(views(), []);
    assert.notEqual(spawnSync('pgrep', ['-f', `repo=/run/aktualizr-ostree.*${second.commit}`]).status, 0);
  });

  it('fails by name when the server stalls', async () => {
    device.configure(
      { booted: 'staged' },
      '[network]\nstall_bytes_per_second = 20000\nstall_window_sec = 1\n',
    );
    device.treehub.bytesPerSecond = 1000;
    const run = await device.folder.run('once');
    ends(run, DOWNLOAD_FAILED);
    assert.match(run.stderr, /is too slow: below 20000 bytes a second for 1 s/);
  });

  it('fails by name when an object is another one, and tells the Director of the attack', async () => {
    const { world, treehub, gateway, folder } = device;
    const listed = must('ostree', 'ls', '-C', `--repo=${world.server}`, second.commit, '/usr/share/tiny');
    const names = must('ostree', 'ls', '-R', '-C', `--repo=${world.server}`, second.commit, '/usr/share/tiny')
      .split('\n')
      .flatMap((line) => / ([0-9a-f]{64}) \//.exec(line)?.[1] ?? []);
    assert.ok(names.length >= 3, listed);
    const files = names.map((name) =>
      join(world.server, 'objects', name.slice(0, 2), `${name.slice(2)}.filez`),
    );
    const [one = '', other = ''] = files.filter((file) => existsSync(file));
    copyFileSync(one, other);
    const run = await folder.run('once');
    ends(run, DOWNLOAD_FAILED);
    assert.match(run.stderr, /is not what was signed: .*Corrupted file object; checksum expected/);
    assert.match(reportsOf(gateway.requests)[0]?.result.description ?? '', /TargetHashMismatch/);
    await folder.run('check');
    const attacks = manifestsOf(gateway.requests).map(
      ({ ecu_version_manifests: ecus }) => ecus['primary-1']?.signed.attacks_detected,
    );
    assert.ok(
      attacks.some((text) => typeof text === 'string' && text.includes('TargetHashMismatch')),
      String(attacks),
    );
    assert.deepEqual(world.deployments(), [world.first.commit]);
    assert.ok(treehub.requests.length > 0);
  });

  it('fails by name when the server has not all of it', async () => {
    device.treehub.faultOf = (path) =>
      path.endsWith('.dirtree') ? { kind: 'status', status: 404 } : undefined;
    const run = await device.folder.run('once');
    ends(run, DOWNLOAD_FAILED);
    assert.match(run.stderr, /could not be pulled from https:.*HTTP 404/);
    assert.equal(reportsOf(device.gateway.requests)[0]?.result.code, 'DOWNLOAD_FAILED');
  });

  it('needs nothing of /etc', async () => {
    const booted = bootMachine({ folder: device.folder.path, readOnly: ['/etc'] });
    ends(await booted.run('sh', '-c', '! touch /etc/probe'), 0);
    ends(await booted.aktualizr('once'), NEEDS_REBOOT);
    assert.doesNotMatch(readFileSync(join(device.world.repository, 'config'), 'utf8'), /aktualizr-remote/);
  });

  it('goes on with /etc and /sysroot read-only on a booted OSTree system', async () => {
    device.configure({ sysroot: '', os: '' });
    const { world, folder } = device;
    const place = { folder: folder.path, readOnly: ['/etc', '/sysroot', '/boot'] };
    const booted = bootDeployment(place, world.sysroot, world.directoryOf(0));
    ends(await booted.run('sh', '-c', '! touch /etc/probe && ! touch /sysroot/probe'), 0);
    ends(await booted.aktualizr('once'), NEEDS_REBOOT);
    assert.deepEqual(world.deployments(), [second.commit, world.first.commit]);
  });

  it('goes through the proxy of the device, with its password, and no faster than the device may', async () => {
    const proxy = await openTestProxy('me:secret');
    try {
      const url = proxy.url.replace('//', '//me:secret@');
      const network = `[network]\ncurl_proxy = "${url}"\nno_proxy = "example.org"\ncurl_bandwidth = 10000000\n`;
      device.configure({ booted: 'staged' }, network);
      await completes();
      const treehub = new URL(device.treehub.url).host;
      assert.ok(
        proxy.asked.some(({ place }) => place === treehub),
        JSON.stringify(proxy.asked),
      );
    } finally {
      await proxy.close();
    }
  });

  it('takes a static delta where the server has one', async () => {
    const { world, treehub } = device;
    must(
      'ostree',
      'static-delta',
      'generate',
      `--repo=${world.server}`,
      `--from=${world.first.commit}`,
      `--to=${second.commit}`,
      '--min-fallback-size=0',
    );
    must('ostree', 'summary', '-u', `--repo=${world.server}`);
    // A pull by commit finds the device's own by a ref of the same name alone.
    must('ostree', 'refs', `--repo=${world.repository}`, '--create=tiny', world.first.commit);
    await completes();
    assert.ok(
      treehub.requests.some((request) => request.includes('/deltas/')),
      String(treehub.requests),
    );
  });

  it('boots with the kernel arguments that the commit brings', async () => {
    const { world, folder } = device;
    const third = world.commit(
      'three',
      {},
      '--add-metadata-string=oe.kargs-default=rw console=tty1 "dyndbg=file a +p"',
    );
    await device.offer(third);
    ends(await folder.run('once'), NEEDS_REBOOT);
    assert.match(world.kernelArguments(), /^rw console=tty1 "dyndbg=file a \+p" ostree=/);
  });

  it('is refused for a sysroot that is none, and without the program, before anything is asked', async () => {
    device.configure({ sysroot: join(device.folder.path, 'nowhere') });
    const none = await device.folder.run('once');
    assert.equal(none.code, 78, none.stderr);
    assert.match(none.stderr, /is no OSTree sysroot/);
    device.configure({ ostree_command: 'no-such-ostree' });
    const missing = await device.folder.run('once');
    assert.equal(missing.code, 78, missing.stderr);
    assert.match(missing.stderr, /"no-such-ostree" \(pacman\.ostree_command\) is not installed/);
  });

  it('is deployed to the operating system that is there, when none is named and none is booted', async () => {
    device.configure({ booted: 'staged', os: '' });
    await completes();
  });

  it('fails by name in a sysroot without any deployment, and still reports', async () => {
    const { world, folder, gateway } = device;
    device.configure({ booted: 'staged', os: 'other-os' });
    ends(await folder.run('once'), INSTALL_FAILED);
    assert.match(
      JSON.stringify(reportsOf(gateway.requests)[0]?.items),
      /no deployment of \\"other-os\\" \(pacman\.os\)/,
    );
    assert.deepEqual(world.deployments(), [world.first.commit]);
  });

  it('refuses a file for itself', async () => {
    const { gateway, folder } = device;
    gateway.simulator.director.targets.clear();
    gateway.simulator.offer('app.bin');
    await gateway.simulator.publish();
    const run = await folder.run('once');
    ends(run, DOWNLOAD_FAILED);
    assert.match(run.stderr, /app\.bin is a file; the package manager ostree installs OSTree commits only/);
  });
});

describe('an OSTree update without room', () => {
  it('is refused with its numbers before the first object, and done when there is room', async () => {
    let mounted = '';
    const device = await openOstreeDevice((sysroot) => {
      must('mount', '-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', sysroot);
      mounted = sysroot;
    });
    try {
      const { world, folder, treehub } = device;
      const large = world.commit('large', { large: randomBytes(4096 * KIB) }, '--generate-sizes');
      await device.offer(large);
      const ballast = join(world.sysroot, 'ballast');
      writeFileSync(ballast, Buffer.alloc(5 * 1024 * KIB));
      const refused = await folder.run('once');
      ends(refused, NO_ROOM);
      assert.match(
        refused.stderr,
        /There is no space for tiny-os-large: it needs \d+ bytes and \d+ in reserve, \d+ are free/,
      );
      assert.deepEqual(treehub.requests.filter(isFile), []);
      const unsized = world.commit('unsized', { large: randomBytes(4096 * KIB) });
      await device.offer(unsized);
      const full = await folder.run('once');
      ends(full, NO_ROOM);
      assert.match(full.stderr, /There is no space for tiny-os-unsized/);
      rmSync(ballast);
      ends(await folder.run('once'), NEEDS_REBOOT);
      assert.deepEqual(world.deployments(), [unsized.commit, world.first.commit]);
    } finally {
      must('umount', mounted);
      await device.close();
    }
  });
});
