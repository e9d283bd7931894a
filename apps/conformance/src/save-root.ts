// A new Root and the files that it takes the trust from change together, in a folder where each file changes alone: what
// is to be removed is noted first, and whoever opens the folder next ends what was begun.
import type { MetadataStore, StoredRole } from '@ota-connect/uptane';
import { readIfThere, removeDurably, writeDurably } from './durable-file.ts';

type Change = { readonly version: number; readonly forget: readonly StoredRole[] };

/** The file of the note, in the folder that it is about. */
export const NOTE = 'root.forgets';

/** @throws StorageError */
export function saveRootAndForget(
  note: string,
  store: Pick<MetadataStore, 'save' | 'loadRoot' | 'remove'>,
  { bytes, ...change }: Change & { readonly bytes: Uint8Array },
): void {
  if (change.forget.length > 0) writeDurably(note, new TextEncoder().encode(JSON.stringify(change)));
  store.save('root', bytes, change.version);
  endForgetting(note, store);
}

/** A Root that was not saved takes no trust. @throws StorageError */
export function endForgetting(note: string, store: Pick<MetadataStore, 'loadRoot' | 'remove'>): void {
  const noted = readIfThere(note);
  if (noted === undefined) return;
  const { version, forget } = JSON.parse(new TextDecoder().decode(noted)) as Change;
  if (store.loadRoot(version) !== undefined) for (const role of forget) store.remove(role);
  removeDurably(note);
}
