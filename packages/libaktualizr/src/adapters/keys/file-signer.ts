// The Primary's Uptane key as it lies in the storage. Signatures of manifests carry the client's key id.
// client-protocol 4.3.
import { clientKeyId, createSigner, type Signer } from '@ota-connect/uptane';
import type { IdentityStore } from '../../ports.ts';
import { ProvisioningError } from '../../errors.ts';

/** @throws ProvisioningError `not_provisioned` while there is no key */
export function createFileSigner(identity: IdentityStore): Signer {
  const key = identity.primaryKey();
  if (key === undefined) {
    throw new ProvisioningError(
      'not_provisioned',
      'This device has no Uptane key yet: it was never provisioned.',
    );
  }
  return createSigner(key.publicKey, key.privateKey, clientKeyId(key.publicKey));
}
