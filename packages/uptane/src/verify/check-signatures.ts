// Enough distinct keys of the role have signed. What counts are keys, not key ids: one key under two ids is one.
// Ids that are unknown or not listed for the role are skipped. Source: Uptane Standard #check_root and following
// ("signed by the threshold of unique keys")
import { MetadataError } from '../errors.ts';
import type { KeyId } from '../identifiers.ts';
import { repositoryKeyId } from '../keys/key-id.ts';
import type { KeyRing, RoleKeys } from '../metadata/common.ts';
import { describeOrigin, type DocumentOrigin, type Envelope } from '../metadata/envelope.ts';
import { originOf } from './origin.ts';

export type Authority = { readonly keys: KeyRing; readonly role: RoleKeys };

/** @throws MetadataError NonUniqueSignatures, BadKeyId (the only signature does not count), UnmetThreshold */
export function checkSignatures(envelope: Envelope, authority: Authority, origin: DocumentOrigin): void {
  const ids = new Set(envelope.signatures.map((signature) => signature.keyid));
  if (ids.size < envelope.signatures.length) {
    throw new MetadataError(
      'NonUniqueSignatures',
      `${describeOrigin(origin)} is signed twice by one key id.`,
      originOf(origin),
    );
  }
  const valid = countValidKeys(envelope, authority);
  if (valid >= authority.role.threshold) return;
  if (valid === 0 && envelope.signatures.length === 1) {
    throw new MetadataError(
      'BadKeyId',
      `The signature of ${describeOrigin(origin)} does not count.`,
      originOf(origin),
    );
  }
  const text = `${describeOrigin(origin)} has ${valid} valid signatures of ${authority.role.threshold}.`;
  throw new MetadataError('UnmetThreshold', text, originOf(origin));
}

/** Distinct keys of the role with a valid signature. */
export function countValidKeys(envelope: Envelope, authority: Authority): number {
  const listed = new Map<string, KeyId>(authority.role.keyIds.map((id) => [id, id]));
  const valid = new Set<KeyId>();
  for (const signature of envelope.signatures) {
    const id = listed.get(signature.keyid);
    const key = id === undefined ? undefined : authority.keys.get(id);
    if (key === undefined) continue;
    if (envelope.dialect.verify(key, signature, envelope.signedBytes)) valid.add(repositoryKeyId(key));
  }
  return valid.size;
}
