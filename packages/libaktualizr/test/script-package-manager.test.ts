import { afterEach, beforeEach, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PRIMARY } from '@ota-connect/testkit';
import { ConfigError } from '../src/errors.ts';
import type { NoneOptions } from '../src/adapters/package-managers/none.ts';
import { createScriptPackageManager } from '../src/adapters/package-managers/script.ts';
import { defaultConfig } from '../src/config/defaults.ts';
import { standIns, type Programs } from './support/programs.ts';
import { manifestsOf, reportsOf } from './support/requests.ts';
import { CONTENT, setStage } from './support/stage.ts';
import type { DeviceOptions, TestDevice } from './support/test-device.ts';

const EXAMPLE = new URL('../../../docs/guides/examples/two-slots.sh', import.meta.url);

describe('package manager script', () => {
  const stage = setStage();
  let programs: Programs;
  let script: string;
  beforeEach(() => {
    programs = standIns();
    script = join(programs.folder, 'update.sh');
  });
  afterEach(() => programs.close());

  const write = (body: string) => void programs.write('update.sh', body);

  function open(options: Partial<DeviceOptions> = {}, timeoutSec = 60): Promise<TestDevice> {
    const { pacman } = defaultConfig();
    const config = { pacman: { ...pacman, script, scriptTimeoutSec: timeoutSec } };
    const manage = (given: NoneOptions) =>
      createScriptPackageManager({ ...given, config, log: () => undefined });
    return stage.open({ ...options, manage });
  }

  it('hands over the verified image and what it is', async () => {
    write(`[ "$1" = install ] || exit 64
cat > ${programs.folder}/facts; cp "$IMAGE_FILE" ${programs.folder}/flashed
echo "$TARGET_NAME $TARGET_SHA256 $TARGET_LENGTH $AKTUALIZR_SCRIPT" > ${programs.folder}/told`);
    const hash = await stage.offer();
    const device = await open();
    assert.equal((await device.aktualizr.uptaneCycle()).install?.kind, 'installed');
    assert.equal(programs.read('flashed'), CONTENT);
    assert.equal(programs.read('told'), `app.bin ${hash.toLowerCase()} ${CONTENT.length} install\n`);
    const facts = JSON.parse(programs.read('facts'));
    assert.equal(facts.subcommand, 'install');
    assert.equal(facts.target.name, 'app.bin');
    assert.equal(facts.imageFile, join(device.imagesPath, hash));
  });

  it('reports the first line of what a failing script says', async () => {
    write('[ "$1" = check ] && exit 64; echo "flash is worn out" >&2; echo "details" >&2; exit 1');
    await stage.offer();
    const { aktualizr } = await open();
    assert.equal((await aktualizr.uptaneCycle()).install?.kind, 'failed');
    const [report] = reportsOf(stage.gateway.requests);
    assert.equal(report?.items[0]?.result.code, 'INSTALL_FAILED');
    assert.match(JSON.stringify(report), /"flash is worn out"/);
  });

  it('ends a script that takes too long', async () => {
    write('[ "$1" = check ] && exit 64; sleep 60');
    await stage.offer();
    const { aktualizr } = await open({}, 1);
    assert.equal((await aktualizr.uptaneCycle()).install?.kind, 'failed');
    assert.match(JSON.stringify(reportsOf(stage.gateway.requests)), /it took too long/);
  });

  it('is finalised after the reboot that exit code 21 asks for', async () => {
    write(`case "$1" in install) exit 21;; finalize) echo "slot B runs" >&2; exit 0;; *) exit 64;; esac`);
    await stage.offer();
    const first = await open();
    assert.equal((await first.aktualizr.uptaneCycle()).install?.kind, 'needs_completion');
    stage.close(first);
    const second = await open({ bootId: 'boot-2' });
    await second.aktualizr.uptaneCycle();
    assert.match(JSON.stringify(reportsOf(stage.gateway.requests)), /slot B runs/);
    assert.equal(second.storage.installations.current(PRIMARY.serial)?.name, 'app.bin');
  });

  it('says what runs, which the manifest repeats', async () => {
    const sha256 = 'ef'.repeat(32);
    write(`[ "$1" = check ] && echo '{"name": "factory.img", "sha256": "${sha256}"}'`);
    const { aktualizr } = await open();
    await aktualizr.checkUpdates();
    assert.match(
      JSON.stringify(manifestsOf(stage.gateway.requests)),
      new RegExp(`${sha256}.*"filepath":"factory\\.img"`),
    );
  });

  it('completes an installation that a power cut interrupted, without installing again (INS-08)', async () => {
    const hash = await stage.offer();
    write(`case "$1" in
check) [ -e ${programs.folder}/new ] && echo '{"name": "app.bin", "sha256": "${hash}"}' || exit 64;;
*) echo "$1" >> ${programs.folder}/ran; exit 1;; esac`);
    const first = await open();
    await first.aktualizr.checkUpdates();
    await first.aktualizr.download();
    const state = first.storage.cycle.load();
    assert.ok('update' in state);
    first.storage.cycle.save({ kind: 'Installing', update: state.update });
    stage.close(first);
    writeFileSync(join(programs.folder, 'new'), '');
    const second = await open({ bootId: 'boot-2' });
    assert.equal((await second.aktualizr.uptaneCycle()).install?.kind, 'installed');
    assert.equal(programs.read('ran'), '');
  });

  it('needs its executable', async () => {
    script = '';
    await assert.rejects(open(), (error: unknown) => error instanceof ConfigError);
  });

  it('the example of the guide installs, finalises and goes back', async () => {
    copyFileSync(EXAMPLE, join(programs.folder, 'update.sh'));
    process.env.TMPDIR = programs.folder;
    await stage.offer();
    const first = await open();
    assert.equal((await first.aktualizr.uptaneCycle()).install?.kind, 'needs_completion');
    assert.equal(readFileSync(join(programs.folder, 'slots/b/image'), 'utf8'), CONTENT);
    stage.close(first);
    // What the bootloader does.
    copyFileSync(join(programs.folder, 'slots/next'), join(programs.folder, 'slots/running'));
    const wrap = { ports: () => ({ health: { isGood: async () => ({ good: false, detail: 'sick' }) } }) };
    const second = await open({ bootId: 'boot-2', wrap });
    const { check } = await second.aktualizr.uptaneCycle();
    assert.ok(check.kind === 'pending' && check.rollsBack);
    assert.equal(readFileSync(join(programs.folder, 'slots/next'), 'utf8'), 'a\n');
    delete process.env.TMPDIR;
  });
});
