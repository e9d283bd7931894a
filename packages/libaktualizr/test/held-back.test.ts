import { afterEach, beforeEach, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import type { Hooks, Stage, UpdateLock } from '../src/ports.ts';
import { onMachine } from './support/machine-stage.ts';
import { reportsOf } from './support/requests.ts';
import { setStage } from './support/stage.ts';

describe('stages that somebody holds back', () => {
  const stage = setStage();
  let unwilling: Set<Stage>;
  let calls: string[];
  const hooks: Hooks = {
    async before(name, facts) {
      calls.push(`${name}-pre ${facts.update?.targets[0]?.name ?? ''}`.trim());
      return unwilling.has(name) ? { postponed: `not now: ${name}` } : 'go';
    },
    async after(name, _facts, { success, outcome }) {
      calls.push(`${name}-post ${success} ${outcome}`);
    },
  };
  beforeEach(() => {
    unwilling = new Set();
    calls = [];
  });

  it('calls the hooks before and after each stage', async () => {
    await stage.offer();
    const { open, reboot } = onMachine(stage, { more: { hooks } });
    const first = await open();
    await first.aktualizr.uptaneCycle();
    assert.deepEqual(await first.aktualizr.completeInstallation(), { kind: 'rebooting' });
    const second = await reboot(first);
    await second.aktualizr.uptaneCycle();
    assert.deepEqual(calls, [
      'check-pre',
      'check-post true updates',
      'download-pre app.bin',
      'download-post true downloaded',
      'install-pre app.bin',
      'install-post true NEED_COMPLETION',
      'reboot-pre app.bin',
      'reboot-post true rebooted',
      'finalize-pre app.bin',
      'finalize-post true ON_PROBATION',
      'finalize-post true OK',
      'check-pre',
      'check-post true nothing_new',
    ]);
  });

  for (const [held, made] of [
    ['check', ['check-pre']],
    ['download', ['check-pre', 'check-post true updates', 'download-pre app.bin']],
    [
      'install',
      [
        'check-pre',
        'check-post true updates',
        'download-pre app.bin',
        'download-post true downloaded',
        'install-pre app.bin',
      ],
    ],
  ] as const) {
    it(`holds the stage ${held} back until the next poll`, async () => {
      await stage.offer();
      const { open } = onMachine(stage, { installs: 'at once', more: { hooks } });
      const { aktualizr } = await open();
      unwilling.add(held);
      const { check, download, install } = await aktualizr.uptaneCycle();
      const last = install ?? download ?? check;
      assert.deepEqual(last, { kind: 'postponed', reason: `not now: ${held}`, by: 'hook' });
      assert.deepEqual(calls, made);
      unwilling.clear();
      assert.equal((await aktualizr.uptaneCycle()).install?.kind, 'installed');
    });
  }

  it('holds the reboot and the completion after it back', async () => {
    await stage.offer();
    const { open, reboot } = onMachine(stage, { more: { hooks } });
    const first = await open();
    await first.aktualizr.uptaneCycle();
    unwilling.add('reboot').add('finalize');
    const answer = await first.aktualizr.completeInstallation();
    assert.deepEqual(answer, { kind: 'postponed', reason: 'not now: reboot', by: 'hook' });
    const second = await reboot(first);
    const { check } = await second.aktualizr.uptaneCycle();
    assert.equal(check.kind, 'postponed');
    assert.deepEqual(reportsOf(stage.gateway.requests), []);
    unwilling.clear();
    await second.aktualizr.uptaneCycle();
    assert.equal(reportsOf(stage.gateway.requests)[0]?.result.code, 'OK');
  });

  it('tells the hooks of a stage that failed', async () => {
    await stage.offer();
    const { machine, open } = onMachine(stage, { installs: 'at once', more: { hooks } });
    const { aktualizr } = await open({
      wrap: {
        packageManager: (files) => ({
          ...machine.packageManager(files),
          install: async () => ({ success: false, code: 'INSTALL_FAILED', description: 'bad flash' }),
        }),
      },
    });
    await aktualizr.uptaneCycle();
    assert.match(calls.at(-1) ?? '', /^install-post false .*INSTALL_FAILED$/);
    stage.gateway.faultOf = () => ({ kind: 'drop' });
    await assert.rejects(aktualizr.checkUpdates());
    assert.equal(calls.at(-1), 'check-post false unreachable');
  });

  describe('by the update lock', () => {
    let isHeld: boolean;
    let taken: number;
    const updateLock: UpdateLock = {
      async take() {
        if (isHeld) return { postponed: 'the lock is held' };
        taken = 1;
        return 'taken';
      },
      release: () => void (taken = 0),
    };
    beforeEach(() => {
      isHeld = true;
      taken = 0;
    });
    afterEach(() => assert.equal(taken, 0, 'released when idle'));

    it('checks, and leaves the download to the next poll', async () => {
      await stage.offer();
      const { open } = onMachine(stage, { installs: 'at once', more: { updateLock } });
      const { aktualizr } = await open();
      const { check, download } = await aktualizr.uptaneCycle();
      assert.equal(check.kind, 'updates');
      assert.deepEqual(download, { kind: 'postponed', reason: 'the lock is held', by: 'lock' });
      isHeld = false;
      assert.equal((await aktualizr.uptaneCycle()).install?.kind, 'installed');
    });

    it('is held from the download to the end of the installation', async () => {
      await stage.offer();
      isHeld = false;
      const seen: number[] = [];
      const { machine, open } = onMachine(stage, { installs: 'at once', more: { updateLock } });
      const { aktualizr } = await open();
      const { isGood } = machine.health;
      machine.health.isGood = () => {
        seen.push(taken);
        return isGood();
      };
      await aktualizr.uptaneCycle();
      assert.deepEqual(seen, [1]);
    });

    it('holds single commands back too', async () => {
      await stage.offer();
      const { open } = onMachine(stage, { installs: 'at once', more: { updateLock } });
      const { aktualizr } = await open();
      await aktualizr.checkUpdates();
      assert.equal((await aktualizr.download()).kind, 'postponed');
      isHeld = false;
      await aktualizr.download();
      isHeld = true;
      assert.equal((await aktualizr.install()).kind, 'postponed');
    });
  });
});
