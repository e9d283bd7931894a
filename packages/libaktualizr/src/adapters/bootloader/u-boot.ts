// Tells U-Boot by its environment when a new version is about to boot and when one is good; the boot script counts boots and
// sets `rollback` when it goes back. Variables, values and their order are the original's. client-protocol 11.2.
import type { Bootloader } from '../../installing-ports.ts';
import type { Log } from '../../steps/context.ts';
import { callProgram, wordsOf } from '../process/call-program.ts';

const TIMEOUT_MS = 30_000;

export type UBootMode = 'uboot_generic' | 'uboot_masked';

type Setting = readonly [name: string, value: string];

const INSTALLING: Readonly<Record<UBootMode, readonly Setting[]>> = {
  uboot_generic: [
    ['bootcount', '0'],
    ['rollback', '0'],
  ],
  uboot_masked: [
    ['bootcount', '0'],
    ['upgrade_available', '1'],
    ['rollback', '0'],
  ],
};
const GOOD: Readonly<Record<UBootMode, readonly Setting[]>> = {
  uboot_generic: [['bootcount', '0']],
  uboot_masked: [
    ['bootcount', '0'],
    ['upgrade_available', '0'],
  ],
};

/** `fw_setenv` and `fw_printenv` are looked for on the PATH. */
export function createUBoot(mode: UBootMode, log: Log): Bootloader {
  const set = async (settings: readonly Setting[]) => {
    for (const [name, value] of settings) {
      const end = await callProgram({ program: 'fw_setenv', args: [name, value], timeoutMs: TIMEOUT_MS });
      if (end.code !== 0) log('warning', `U-Boot did not take ${name}=${value}: ${wordsOf(end)}`);
    }
  };
  return {
    installing: () => set(INSTALLING[mode]),
    good: () => set(GOOD[mode]),
    async rolledBack() {
      const end = await callProgram({ program: 'fw_printenv', args: ['rollback'], timeoutMs: TIMEOUT_MS });
      // A variable that was never set is no failure.
      if (end.code === undefined) log('warning', `U-Boot does not tell its rollback: ${wordsOf(end)}`);
      return end.code === 0 && /^rollback=1\s*$/m.test(end.stdout);
    },
  };
}
