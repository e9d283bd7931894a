// What an installation meets, from the configuration to the exit code: hooks, the update lock, the health check, the reboot.
import { afterEach, beforeEach, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { reportsOf } from '../../../packages/libaktualizr/test/support/requests.ts';
import {
  openTestGateway,
  type TestGateway,
} from '../../../packages/libaktualizr/test/support/test-gateway.ts';
import { deviceFolder, type Folder } from './process.ts';

describe('aktualizr and what an installation meets', () => {
  let gateway: TestGateway;
  let folder: Folder;
  beforeEach(async () => {
    gateway = await openTestGateway();
    folder = deviceFolder(gateway);
    gateway.simulator.offer('app.bin', 'the new version');
    await gateway.simulator.publish();
  });
  afterEach(async () => {
    folder.remove();
    await gateway.close();
  });

  const file = (name: string) => join(folder.path, name);
  const text = (name: string) => readFileSync(file(name), 'utf8');

  /** Keys of sections that the configuration of tests has, and whole sections after it. */
  function configure(keys: Readonly<Record<string, string>>, sections = ''): void {
    folder.configure(`\n[bootloader]\nreboot_sentinel_dir = "${file('session')}"\n${sections}`);
    let config = readFileSync(folder.configFile, 'utf8');
    for (const [section, lines] of Object.entries(keys))
      config = config.replace(`[${section}]\n`, `[${section}]\n${lines}\n`);
    writeFileSync(folder.configFile, config);
  }

  function program(name: string, body: string): string {
    writeFileSync(file(name), `#!/bin/sh\n${body}\n`);
    chmodSync(file(name), 0o755);
    return file(name);
  }

  it('`once` ends with the verdict of the health check', async () => {
    configure({}, `[health]\ncommand = "echo no network; false"\ngrace_sec = 0\n`);
    const { code, stderr } = await folder.run('once');
    assert.equal(code, 4);
    assert.match(stderr, /INSTALL_FAILED/);
    assert.match(JSON.stringify(reportsOf(gateway.requests)), /The new version was not healthy: no network/);
    configure({}, `[health]\ncommand = "true"\n`);
    gateway.simulator.correlate('urn:here-ota:campaign:retry');
    await gateway.simulator.publish();
    assert.equal((await folder.run('once')).code, 0);
  });

  it('a hook holds a stage back, and the exit code is 0', async () => {
    const hook = program(
      'hook',
      `echo "$AKTUALIZR_HOOK" >> ${file('hooks')}; [ ! -e ${file('drives')} ] || { echo driving; exit 1; }`,
    );
    configure({}, `[hooks]\nprogram = "${hook}"\n`);
    writeFileSync(file('drives'), '');
    const held = await folder.run('once');
    assert.equal(held.code, 0);
    assert.match(held.stdout, /driving/);
    assert.equal(text('hooks'), 'check-pre\n');
    writeFileSync(file('hook'), `#!/bin/sh\necho "$AKTUALIZR_HOOK" >> ${file('hooks')}\n`);
    assert.equal((await folder.run('once')).code, 0);
    assert.match(text('hooks'), /install-post\n$/);
  });

  it('a locked file keeps downloads and installations off', async () => {
    configure({ uptane: `update_lock_file = "${file('lock')}"` });
    const holder = spawn('flock', [file('lock'), 'sh', '-c', 'echo held; cat'], { stdio: 'pipe' });
    await once(holder.stdout, 'data');
    const { code, stdout } = await folder.run('once');
    assert.equal(code, 0);
    assert.match(stdout, /is locked/);
    assert.equal(existsSync(folder.imagesPath), false);
    holder.stdin.end();
    await once(holder, 'close');
    assert.match((await folder.run('once')).stdout, /Installed/);
  });

  it('an installation that needs a reboot leaves its file and answers 21, until the reboot', async () => {
    configure({ pacman: 'fake_need_reboot = true' });
    assert.equal((await folder.run('once')).code, 21);
    assert.ok(existsSync(file('session/need_reboot')));
    assert.equal((await folder.run('check')).code, 21);
  });

  it('the daemon reboots by itself with force_install_completion, once the hook lets it', async () => {
    const hook = program(
      'hook',
      `[ "$AKTUALIZR_HOOK" != reboot-pre ] || [ -e ${file('parked')} ] || { touch ${file('asked')}; exit 1; }`,
    );
    configure(
      { pacman: 'fake_need_reboot = true', uptane: 'force_install_completion = true' },
      `[hooks]\nprogram = "${hook}"\n`,
    );
    const { ended } = await folder.start(['full'], /reboot is postponed/);
    assert.ok(existsSync(file('session/need_reboot')));
    writeFileSync(file('parked'), '');
    const { code } = await ended;
    assert.equal(code, 0);
    // The package manager `none` only plays the reboot, as the original's does: its file is gone.
    assert.equal(existsSync(file('session/need_reboot')), false);
    await folder.run('once');
    assert.match(JSON.stringify(reportsOf(gateway.requests)), /"code":"OK"/);
  });

  it('a simulated failure of the installation is reported', async () => {
    configure({ pacman: 'fake_fail_install = true' });
    assert.equal((await folder.run('once')).code, 4);
    assert.match(JSON.stringify(reportsOf(gateway.requests)), /Simulated failure/);
  });
});
