// Private keys at rest: AES-256-GCM under one key that lives in `<data-dir>/vault.key` (mode 0600) or in the
// environment, never in the database. `purpose` is bound to the sealed text: a sealed key moved to another row does not open.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { StorageError } from '../errors.ts';

/** Sealed text is safe to store. `open` throws StorageError `wrong_vault_key`. */
export type KeyVault = {
  seal(purpose: string, secret: string): string;
  open(purpose: string, sealed: string): string;
};

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export function createVault(key: Uint8Array): KeyVault {
  return {
    seal(purpose, secret) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(purpose));
      const sealed = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64');
    },
    open(purpose, sealed) {
      const bytes = Buffer.from(sealed, 'base64');
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES)).setAAD(
        Buffer.from(purpose),
      );
      decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
      try {
        const secret = decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES));
        return Buffer.concat([secret, decipher.final()]).toString('utf8');
      } catch (cause) {
        throw new StorageError(
          'wrong_vault_key',
          'The vault key does not open the keys in this data directory.',
          { cause },
        );
      }
    },
  };
}
