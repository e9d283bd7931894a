// Between two documents everything else gets its turn: signals, timers, a transfer. What is stored is at hand at once, so
// that a long search through delegations would otherwise be one piece. Uptane Standard #resolve_delegations
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { MetadataSource } from '@ota-connect/uptane';

export function givingWay(source: MetadataSource): MetadataSource {
  return {
    async fetch(request) {
      const received = await source.fetch(request);
      await nextTurn();
      return received;
    },
  };
}
