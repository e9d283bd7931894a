// RAUC knows the bootloader: a slot that runs is called good to it, and so to the bootloader, when the version in it is. A slot
// that runs, but is not the one to boot next, is on its way out and is not called good. RAUC's documentation, "mark-good".
import type { Config } from '../../config/config.ts';
import { InstallError } from '../../errors.ts';
import type { Bootloader } from '../../installing-ports.ts';
import type { Log } from '../../steps/context.ts';
import { openRauc } from './rauc-program.ts';

/** Failures are warned of, as those of other bootloaders. */
export function createRaucBootloader(config: Config, log: Log): Bootloader {
  const rauc = openRauc(config);
  return {
    installing: async () => undefined,
    async good() {
      try {
        const { booted, next } = await rauc.status();
        if (next === undefined || next === booted) await rauc.run('status', 'mark-good', 'booted');
      } catch (error) {
        if (!(error instanceof InstallError)) throw error;
        log('warning', error.message);
      }
    },
    // Whether it went back shows in the slot that runs.
    rolledBack: async () => false,
  };
}
