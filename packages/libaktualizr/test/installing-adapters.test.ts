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
  PRIMARY,
  sentinelContract,
  SimulatedMachine,
} from '@ota-connect/testkit';
import { createUBoot } from '../src/adapters/bootloader/u-boot.ts';
import { bothHealthy, commandHealth, systemdHealth } from '../src/adapters/health/health-check.ts';
import { callProgram, wordsOf } from '../src/adapters/process/call-program.ts';
import { createRebootSentinel } from '../src/adapters/reboot/reboot-sentinel.ts';
import { standIns, type Programs } from './support/programs.ts';

const { signal } = new AbortController();
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

  it('lets us end before what it leaves behind', async () => {
    const program = programs.write('leaves', `sleep 60 & echo $! > ${programs.folder}/left; echo done`);
    const source = new URL('../src/adapters/process/call-program.ts', import.meta.url).href;
    const code = `import { callProgram } from '${source}'; await callProgram({ program: '${program}', timeoutMs: 30_000 });`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: 'inherit' });
    assert.deepEqual(await once(child, 'close'), [0, null]);
    const left = programs.read('left').trim();
    assert.equal(runs(left), true);
    process.kill(Number(left));
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
