// Keys by name, made once per process: the same name is the same key in every test of a run. Ed25519 unless asked
// otherwise, because a simulator signs much.
import {
  createSigner,
  generateKeyPair,
  repositoryKeyId,
  type KeyId,
  type KeyType,
  type PublicKey,
  type Signer,
} from '@ota-connect/uptane';

export type TestKey = {
  readonly publicKey: PublicKey;
  readonly privateKey: string;
  /** As repositories name it. */
  readonly keyId: KeyId;
  readonly signer: Signer;
};

const keys = new Map<string, Promise<TestKey>>();

export function fixedKey(name: string, type: KeyType = 'ED25519'): Promise<TestKey> {
  const id = `${type} ${name}`;
  const known = keys.get(id) ?? makeKey(type);
  keys.set(id, known);
  return known;
}

/** Any number of them: `name 1`, `name 2`… */
export function fixedKeys(name: string, count: number): Promise<readonly TestKey[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => fixedKey(`${name} ${index + 1}`)));
}

/** The same key under another key id, as an attacker would list it. */
export function underKeyId(key: TestKey, keyId: KeyId): TestKey {
  return { ...key, keyId, signer: { ...key.signer, keyId } };
}

async function makeKey(type: KeyType): Promise<TestKey> {
  const { publicKey, privateKey } = await generateKeyPair(type);
  const keyId = repositoryKeyId(publicKey);
  return { publicKey, privateKey, keyId, signer: createSigner(publicKey, privateKey, keyId) };
}
