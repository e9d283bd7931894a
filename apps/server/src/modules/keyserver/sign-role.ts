// Signs a role's document with the keys that the current Root lists for it.
import { signEnvelope, type JsonObject } from '@ota-connect/uptane';
import type { Context } from '../../platform/context.ts';
import type { Transaction } from '../../platform/db/database.ts';
import { BugError } from '../../platform/errors.ts';
import { keysOf, signerOf } from './root-document.ts';
import { activeKeys, type RepositoryRef, type SigningRole } from './store.ts';

/** Canonical bytes of the envelope. Throws RequestError `role_keys_not_found` when a key is offline. */
export async function signRole(
  ctx: Context,
  tx: Transaction,
  ref: RepositoryRef,
  document: { readonly role: Exclude<SigningRole, 'root' | 'time'>; readonly signed: JsonObject },
): Promise<Uint8Array> {
  const keys = keysOf(await activeKeys(tx, ref), document.role);
  if (keys.length === 0) throw new BugError(`The ${ref.repository} repository has no ${document.role} key.`);
  return signEnvelope(
    document.signed,
    keys.map((key) => signerOf(ctx, ref, key)),
  );
}
