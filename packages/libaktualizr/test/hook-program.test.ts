import { afterEach, beforeEach, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hooksContract, PRIMARY } from '@ota-connect/testkit';
import { createHooks } from '../src/adapters/hooks/hook-program.ts';
import type { Update } from '../src/update-cycle/states.ts';
import { standIns, type Programs } from './support/programs.ts';

const { signal } = new AbortController();
const UPDATE: Update = {
  correlationId: 'urn:here-ota:campaign:1',
  targets: [
    {
      name: "app's.bin",
      lengthBytes: 3,
      hashes: { sha256: 'ab'.repeat(32) },
      ecus: [[PRIMARY.serial, PRIMARY.hardwareId]],
      custom: {},
    },
  ],
};

describe('hook program', () => {
  let programs: Programs;
  let log: string[];
  beforeEach(() => {
    programs = standIns();
    log = [];
  });
  afterEach(() => programs.close());

  const hooksOf = (body: string, timeoutMs = 10_000) =>
    createHooks({
      program: programs.write('hook', body),
      timeoutMs,
      currentTargetFile: join(programs.folder, 'current-target'),
      log: (level, message) => void log.push(`${level}: ${message}`),
    });
  const CURRENT = {
    ecuSerial: PRIMARY.serial,
    name: "it's 1.0",
    lengthBytes: 1,
    hashes: { sha256: 'cd'.repeat(32) },
    correlationId: '',
    customMeta: { version: '7' },
  };

  it('is told the stage by its environment, in our names and in those of aktualizr-lite', async () => {
    const hooks = hooksOf(
      `echo "$AKTUALIZR_HOOK|$MESSAGE|$INSTALL_TARGET_NAME|$RESULT" >> ${programs.folder}/told`,
    );
    const facts = { update: UPDATE };
    for (const stage of ['check', 'download', 'install', 'reboot', 'finalize'] as const) {
      await hooks.before(stage, stage === 'check' ? {} : facts, signal);
      await hooks.after(stage, stage === 'check' ? {} : facts, { success: true, outcome: 'OK', detail: '' });
    }
    await hooks.after('install', facts, { success: true, outcome: 'NEED_COMPLETION', detail: '' });
    await hooks.after('install', facts, { success: false, outcome: 'INSTALL_FAILED', detail: 'no flash' });
    assert.deepEqual(programs.read('told').trim().split('\n'), [
      'check-pre|check-for-update-pre||',
      'check-post|check-for-update-post||OK',
      "download-pre|download-pre|app's.bin|",
      "download-post|download-post|app's.bin|OK",
      "install-pre|install-pre|app's.bin|",
      "install-post|install-post|app's.bin|OK",
      "reboot-pre||app's.bin|",
      "reboot-post||app's.bin|OK",
      "finalize-pre|install-final-pre|app's.bin|",
      "finalize-post|install-post|app's.bin|OK",
      "install-post|install-post|app's.bin|NEEDS_COMPLETION",
      "install-post|install-post|app's.bin|FAILED: no flash",
    ]);
  });

  it('gets the facts as JSON, and what runs in a file for the shell', async () => {
    const hooks = hooksOf(
      `cat > ${programs.folder}/facts; . "$CURRENT_TARGET"; echo "$TARGET_NAME $CUSTOM_VERSION" > ${programs.folder}/current`,
    );
    await hooks.before('install', { update: UPDATE, current: CURRENT }, signal);
    const { customMeta: _meta, ecuSerial: _ecu, ...current } = CURRENT;
    const [target] = UPDATE.targets;
    assert.deepEqual(JSON.parse(programs.read('facts')), {
      hook: 'install-pre',
      correlationId: UPDATE.correlationId,
      targets: [{ ...target, ecus: [{ serial: PRIMARY.serial, hardwareId: PRIMARY.hardwareId }] }],
      current,
    });
    assert.equal(programs.read('current'), "it's 1.0 7\n");
  });

  it('holds a stage back with its first line', async () => {
    assert.deepEqual(await hooksOf('echo driving >&2; exit 1').before('install', {}, signal), {
      postponed: 'driving',
    });
  });

  it('holds a stage back, when it is missing or does not end', async () => {
    const slow = await hooksOf('sleep 60', 100).before('install', {}, signal);
    assert.deepEqual(slow, { postponed: 'it took too long' });
    const hooks = hooksOf('exit 0');
    rmSync(join(programs.folder, 'hook'));
    const missing = await hooks.before('install', {}, signal);
    assert.ok(missing !== 'go' && /ENOENT/.test(missing.postponed));
  });

  it('decides nothing afterwards', async () => {
    await hooksOf('echo full >&2; exit 1').after('install', {}, { success: true, outcome: 'OK', detail: '' });
    assert.deepEqual(log, ['warning: The hook install-post failed: full']);
  });

  hooksContract(() => {
    const no = join(programs.folder, 'no');
    return {
      hooks: hooksOf(`[ ! -e ${no} ] || { echo "not now"; exit 1; }`),
      setWilling: (isWilling) => (isWilling ? rmSync(no, { force: true }) : writeFileSync(no, '')),
    };
  });
});
