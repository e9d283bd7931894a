// No file and no reboot command: whoever uses the library reboots by its own means, and the boot id tells.
import type { RebootSentinel } from '../../installing-ports.ts';

export const NO_SENTINEL: RebootSentinel = {
  uptimeMs: () => Math.round(performance.now()),
  announce: () => undefined,
  withdraw: () => undefined,
  isAnnounced: () => true,
  reboot: async () => 'no reboot command is known',
};
