// The two doors of an update from a medium: where its documents lie, and where those that were verified are kept, so that
// a medium that goes back, or changes between the check and the installation, is found out. client-protocol 12.1, 12.3
import type { OfflineRole } from '../dialect/role.ts';

/**
 * A document of the Director on the medium, by its file name there. `absent`: there is no such file. Whatever else goes
 * wrong throws; more than `maxBytes` throws MetadataError `OversizedMetadata`. May block.
 */
export type LockboxSource = {
  fetch(request: { readonly fileName: string; readonly maxBytes: number }): Promise<Uint8Array | 'absent'>;
};

/** The newest offline-snapshot, and the lockbox that was chosen last. Durable when it returns. Throws StorageError. */
export type OfflineStore = {
  load(role: OfflineRole): Uint8Array | undefined;
  save(role: OfflineRole, bytes: Uint8Array): void;
};

/** What is stored, as a medium with one lockbox: verifying over it is the recheck before a copy and an installation. */
export function storedLockbox(store: OfflineStore, name: string): LockboxSource {
  return {
    async fetch({ fileName }) {
      if (fileName === 'offline-snapshot.json') return store.load('offline-snapshot') ?? 'absent';
      return (fileName === `${name}.json` ? store.load('offline-updates') : undefined) ?? 'absent';
    },
  };
}
