// The adapters behind an installation, against programs that are really run: shell scripts in place of the system's.
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import {
  bootloaderContract,
  healthContract,
  hooksContract,
  PRIMARY,
  sentinelContract,
  SimulatedMachine,
} from '@ota-connect/testkit';
import { createUBoot } from '../src/adapters/bootloader/u-boot.ts';
import { bothHealthy, commandHealth, systemdHealth } from '../src/adapters/health/health-check.ts';
import { createHooks } from '../src/adapters/hooks/hook-program.ts';
import { createUpdateLock } from '../src/adapters/lock/update-lock.ts';
import { callProgram, wordsOf } from '../src/adapters/process/call-program.ts';
import { createRebootSentinel } from '../src/adapters/reboot/reboot-sentinel.ts';
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

describe('calling a program', () => {
  let programs: Programs;
  before(() => (programs = standIns()));
  after(() => programs.close());

  it('hands over its input and says how it ended', async () => {
    const program = programs.write('cat3', 'cat; echo oops >&2; exit 3');
    const end = await callProgram({ program, stdin: 'facts', timeoutMs: 10_000 });
    assert.deepEqual(end, { code: 3, stdout: 'facts', stderr: 'oops\n' });
  });

  it('hands on nothing of the environment that nobody has named', async () => {
    process.env.AKTUALIZR_TEST_SECRET = 'pin';
    const { stdout } = await callProgram({
      program: programs.write('show', 'env'),
      environment: { TOLD: 'yes' },
      timeoutMs: 10_000,
    });
    delete process.env.AKTUALIZR_TEST_SECRET;
    assert.match(stdout, /^TOLD=yes$/m);
    assert.doesNotMatch(stdout, /pin/);
  });

  it('ends it with all that it started, when its time is over', async () => {
    const program = programs.write(
      'slow',
      `echo waiting >&2; sleep 60 & echo $! > ${programs.folder}/child; wait`,
    );
    const end = await callProgram({ program, timeoutMs: 300 });
    assert.equal(end.code, undefined);
    assert.equal(wordsOf(end), 'it took too long: waiting');
    assert.equal(runs(programs.read('child').trim()), false);
  });

  it('rejects with the reason of an abort', async () => {
    const stop = new AbortController();
    const program = programs.write('wait', 'sleep 60');
    const call = callProgram({ program, timeoutMs: 60_000, signal: stop.signal });
    const reason = new Error('stop');
    setTimeout(() => stop.abort(reason), 50);
    await assert.rejects(call, reason);
  });

  it('keeps no more than a little of what is said, and one line of it for people', async () => {
    const program = programs.write(
      'loud',
      `printf 'first\\033[31m line\\nsecond\\n' >&2; yes | head -c 500000; exit 1`,
    );
    const end = await callProgram({ program, timeoutMs: 10_000 });
    assert.ok(end.stdout.length <= 16 * 1024);
    assert.equal(wordsOf(end), 'first [31m line');
  });

  it('says what is missing', async () => {
    const end = await callProgram({ program: '/no/such/program', timeoutMs: 1000 });
    assert.equal(end.why, 'not_started');
    assert.match(wordsOf(end), /ENOENT/);
  });
});

/** Where nobody collects what has ended, it stays listed. */
function runs(pid: string): boolean {
  const status = `/proc/${pid}/status`;
  return existsSync(status) && !/^State:\s+Z/m.test(readFileSync(status, 'utf8'));
}

describe('U-Boot', () => {
  let programs: Programs;
  let log: string[];
  beforeEach(() => {
    programs = standIns();
    log = [];
    const environment = join(programs.folder, 'environment');
    programs.write('fw_setenv', `echo "$1=$2" >> ${environment}`);
    programs.write(
      'fw_printenv',
      `v=$(grep "^$1=" ${environment} | tail -n 1); [ -n "$v" ] && echo "$v" || { echo "## Error: \\"$1\\" not defined" >&2; exit 1; }`,
    );
  });
  afterEach(() => programs.close());

  const uBoot = (mode: 'uboot_generic' | 'uboot_masked') =>
    createUBoot(mode, (level, message) => void log.push(`${level}: ${message}`));
  const written = () => programs.read('environment').trim().split('\n');

  it('generic: writes the variables of the original, in its order', async () => {
    const bootloader = uBoot('uboot_generic');
    await bootloader.installing();
    assert.deepEqual(written(), ['bootcount=0', 'rollback=0']);
    await bootloader.good();
    assert.deepEqual(written().slice(2), ['bootcount=0']);
    assert.deepEqual(log, []);
  });

  it('masked: writes upgrade_available too', async () => {
    const bootloader = uBoot('uboot_masked');
    await bootloader.installing();
    assert.deepEqual(written(), ['bootcount=0', 'upgrade_available=1', 'rollback=0']);
    await bootloader.good();
    assert.deepEqual(written().slice(3), ['bootcount=0', 'upgrade_available=0']);
  });

  it('warns of a tool that fails, with its words', async () => {
    programs.write('fw_setenv', 'echo "Cannot open /etc/fw_env.config" >&2; exit 1');
    await uBoot('uboot_generic').good();
    assert.deepEqual(log, ['warning: U-Boot did not take bootcount=0: Cannot open /etc/fw_env.config']);
  });

  bootloaderContract(() => ({
    bootloader: uBoot('uboot_masked'),
    goBack: () => writeFileSync(join(programs.folder, 'environment'), 'rollback=1\n', { flag: 'a' }),
    breakDown: () => rmSync(join(programs.folder, 'fw_setenv')),
  }));
});

describe('simulated machine', () => {
  const machine = () => new SimulatedMachine({ ecu: PRIMARY.serial });
  bootloaderContract(() => {
    const simulated = machine();
    return { bootloader: simulated.bootloader, goBack: () => simulated.goBack() };
  });
  sentinelContract(() => machine().sentinel);
  healthContract(() => {
    const simulated = machine();
    const setGood = (isGood: boolean) => {
      if (isGood) simulated.sick.clear();
      else simulated.sick.add('factory');
    };
    return { health: simulated.health, setGood };
  });
});

describe('health check', () => {
  let programs: Programs;
  before(() => (programs = standIns()));
  after(() => programs.close());

  const commandWorld = () => ({
    health: commandHealth(`[ -e ${programs.folder}/good ] || { echo "no network"; exit 1; }`, 10_000),
    setGood: (isGood: boolean) => {
      if (isGood) writeFileSync(join(programs.folder, 'good'), '');
      else rmSync(join(programs.folder, 'good'), { force: true });
    },
  });

  describe('command', () => healthContract(commandWorld));

  describe('systemd unit', () => {
    healthContract(() => ({
      health: systemdHealth('multi-user.target', 10_000),
      setGood: (isGood) => {
        const state = isGood ? 'echo active' : 'echo activating; exit 3';
        programs.write('systemctl', `[ "$*" = "is-active -- multi-user.target" ] || exit 4\n${state}`);
      },
    }));
  });

  it('names the unit and its state', async () => {
    programs.write('systemctl', 'echo failed; exit 3');
    const { detail } = await systemdHealth('app.service', 10_000).isGood(signal);
    assert.equal(detail, 'app.service is failed');
  });

  it('asks for both where both are wanted', async () => {
    const { health, setGood } = commandWorld();
    programs.write('systemctl', 'echo active');
    setGood(false);
    const both = bothHealthy(systemdHealth('app.service', 10_000), health);
    assert.deepEqual(await both.isGood(signal), { good: false, detail: 'no network' });
    setGood(true);
    assert.equal((await both.isGood(signal)).good, true);
    programs.write('systemctl', 'echo inactive; exit 3');
    assert.equal((await both.isGood(signal)).detail, 'app.service is inactive');
  });

  it('takes a command that does not end for unhealthy', async () => {
    const { good, detail } = await commandHealth('sleep 60', 100).isGood(signal);
    assert.deepEqual({ good, detail }, { good: false, detail: 'it took too long' });
  });
});

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

describe('reboot sentinel', () => {
  let programs: Programs;
  let log: string[];
  beforeEach(() => {
    programs = standIns();
    log = [];
  });
  afterEach(() => programs.close());

  const sentinelOf = (more: { readonly command?: string; readonly isSimulated?: boolean } = {}) =>
    createRebootSentinel({
      directory: join(programs.folder, 'session'),
      name: 'need_reboot',
      command: 'true',
      isSimulated: false,
      log: (level, message) => void log.push(`${level}: ${message}`),
      ...more,
    });

  sentinelContract(() => sentinelOf());

  it('makes the directory for its user alone', () => {
    sentinelOf().announce();
    assert.equal(statSync(join(programs.folder, 'session')).mode & 0o777, 0o700);
    assert.ok(existsSync(join(programs.folder, 'session', 'need_reboot')));
    assert.deepEqual(log, []);
  });

  it('leaves a shared directory as it is, and says so', () => {
    const directory = join(programs.folder, 'session');
    mkdirSync(directory);
    chmodSync(directory, 0o755);
    sentinelOf().announce();
    assert.equal(statSync(directory).mode & 0o777, 0o755);
    assert.match(log.join(), /open to others/);
  });

  it('only warns, where there is no room for the file (W-40)', () => {
    writeFileSync(join(programs.folder, 'session'), '');
    const sentinel = sentinelOf();
    sentinel.announce();
    assert.equal(sentinel.isAnnounced(), false);
    assert.match(log.join(), /^warning: /);
    sentinel.withdraw();
  });

  it('syncs, then runs the reboot command through the shell', async () => {
    programs.write('sync', `echo sync >> ${programs.folder}/ran`);
    assert.equal(await sentinelOf({ command: `echo one two >> ${programs.folder}/ran` }).reboot(), undefined);
    assert.equal(programs.read('ran'), 'sync\none two\n');
    assert.equal(await sentinelOf({ command: 'echo busy >&2; exit 1' }).reboot(), 'busy');
  });

  it('of a simulated reboot only removes the file', async () => {
    const sentinel = sentinelOf({ isSimulated: true, command: `touch ${programs.folder}/ran` });
    sentinel.announce();
    assert.equal(await sentinel.reboot(), undefined);
    assert.equal(sentinel.isAnnounced(), false);
    assert.equal(existsSync(join(programs.folder, 'ran')), false);
  });
});

describe('update lock', () => {
  let programs: Programs;
  let log: string[];
  beforeEach(() => {
    programs = standIns();
    log = [];
  });
  afterEach(() => programs.close());
  const file = () => join(programs.folder, 'lock');
  const lockOf = () => createUpdateLock(file(), (level, message) => void log.push(`${level}: ${message}`));

  /** An application of the device that holds the lock until its input ends. */
  async function holder(): Promise<() => Promise<void>> {
    const child = spawn('flock', ['-n', file(), 'sh', '-c', 'echo held; cat'], { stdio: 'pipe' });
    await once(child.stdout, 'data');
    return async () => {
      child.stdin.end();
      await once(child, 'close');
    };
  }

  const isFree = async () => {
    const child = spawn('flock', ['-n', file(), 'true'], { stdio: 'ignore' });
    const [code] = (await once(child, 'close')) as [number];
    return code === 0;
  };

  it('is taken once, seen by other users of flock, and released', async () => {
    const lock = lockOf();
    assert.equal(await lock.take(), 'taken');
    assert.equal(await lock.take(), 'taken');
    assert.equal(await isFree(), false);
    lock.release();
    assert.equal(await isFree(), true);
    lock.release();
  });

  it('is not taken while somebody holds it', async () => {
    const lock = lockOf();
    const letGo = await holder();
    assert.deepEqual(await lock.take(), { postponed: `${file()} is locked` });
    await letGo();
    assert.equal(await lock.take(), 'taken');
    lock.release();
  });

  it('forbids nothing, when its file cannot be opened', async () => {
    const lock = createUpdateLock(join(programs.folder, 'no', 'lock'), (_level, message) =>
      log.push(message),
    );
    assert.equal(await lock.take(), 'taken');
    assert.match(log.join(), /cannot be opened/);
    lock.release();
  });

  it('holds updates back, when nobody can lock', async () => {
    programs.write('flock', 'exit 70');
    const answer = await lockOf().take();
    assert.ok(answer !== 'taken' && /cannot be locked/.test(answer.postponed));
    assert.equal(readFileSync(file(), 'utf8'), '');
  });
});
