// No bootloader takes part. bootloader.rollback_mode = none
import type { Bootloader } from '../../installing-ports.ts';

export const NO_BOOTLOADER: Bootloader = {
  installing: async () => undefined,
  good: async () => undefined,
  rolledBack: async () => false,
};
