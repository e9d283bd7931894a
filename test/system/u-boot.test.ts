// The bootloader modes against the real tools of U-Boot, on an environment that is a plain file (root: they look for
// /etc/fw_env.config). client-protocol 11.2.
import { afterEach, beforeEach, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { bootloaderContract } from '@ota-connect/testkit';
import { createUBoot } from '../../packages/libaktualizr/src/adapters/bootloader/u-boot.ts';

const CONFIG = '/etc/fw_env.config';
const ENVIRONMENT_BYTES = 0x4000;

describe('U-Boot', () => {
  let folder: string;
  let before: Buffer | undefined;
  let log: string[];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'u-boot-'));
    before = existsSync(CONFIG) ? readFileSync(CONFIG) : undefined;
    log = [];
    const environment = join(folder, 'uboot.env');
    writeFileSync(
      environment,
      environmentOf({ bootcmd: 'run start', bootcount: '3', upgrade_available: '0' }),
    );
    writeFileSync(CONFIG, `${environment} 0x0000 0x${ENVIRONMENT_BYTES.toString(16)}\n`);
  });
  afterEach(() => {
    if (before === undefined) rmSync(CONFIG, { force: true });
    else writeFileSync(CONFIG, before);
    rmSync(folder, { recursive: true, force: true });
  });

  const uBoot = (mode: 'uboot_generic' | 'uboot_masked') =>
    createUBoot(mode, (level, message) => void log.push(`${level}: ${message}`));
  const variables = () =>
    new Map(
      execFileSync('fw_printenv', { encoding: 'utf8' })
        .trim()
        .split('\n')
        .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );

  it('generic: counts from 0 and does not go back', async () => {
    const bootloader = uBoot('uboot_generic');
    await bootloader.installing();
    const installing = variables();
    assert.deepEqual([installing.get('bootcount'), installing.get('rollback')], ['0', '0']);
    assert.equal(installing.get('upgrade_available'), '0');
    assert.equal(installing.get('bootcmd'), 'run start');
    execFileSync('fw_setenv', ['bootcount', '2']);
    await bootloader.good();
    assert.equal(variables().get('bootcount'), '0');
    assert.deepEqual(log, []);
  });

  it('masked: counts while an upgrade is available', async () => {
    const bootloader = uBoot('uboot_masked');
    await bootloader.installing();
    assert.equal(variables().get('upgrade_available'), '1');
    await bootloader.good();
    const good = variables();
    assert.deepEqual(
      [good.get('bootcount'), good.get('upgrade_available'), good.get('rollback')],
      ['0', '0', '0'],
    );
  });

  it('warns, when the environment is nowhere', async () => {
    writeFileSync(CONFIG, `${join(folder, 'nowhere')} 0x0000 0x4000\n`);
    await uBoot('uboot_generic').good();
    assert.match(log.join(), /^warning: U-Boot did not take bootcount=0: /);
  });

  bootloaderContract(() => ({
    bootloader: uBoot('uboot_masked'),
    goBack: () => execFileSync('fw_setenv', ['rollback', '1']),
    breakDown: () => rmSync(join(folder, 'uboot.env')),
  }));
});

/** As U-Boot stores it in one place: a checksum, then NAME=VALUE, each ended by a zero. */
function environmentOf(variables: Readonly<Record<string, string>>): Buffer {
  const whole = Buffer.alloc(ENVIRONMENT_BYTES);
  const text = Object.entries(variables).map(([name, value]) => `${name}=${value}\0`);
  whole.write(`${text.join('')}\0`, 4, 'latin1');
  whole.writeUInt32LE(crc32(whole.subarray(4)), 0);
  return whole;
}
