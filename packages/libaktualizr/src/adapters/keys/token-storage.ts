// The storage of a device whose keys are in a PKCS#11 token: what the configuration places there is read from the token,
// everything else from the database. The rest of the client sees one storage. client-features CFG-02 to -12, PRV-03
import type { Config } from '../../config/config.ts';
import type { Signer } from '@ota-connect/uptane';

import type { CredentialStore, IdentityStore, KeyInToken, Storage, TlsCredentials } from '../../ports.ts';
import { prepareEngine } from './openssl-engine.ts';
import { certificateOf, createTokenSigner, signWithTlsKey, uptaneKeyOf } from './pkcs11-keys.ts';
import { Pkcs11Token } from './pkcs11-token.ts';

export type TokenKeys = {
  /** In place of the stored identity and credentials. */
  readonly stores: Partial<Pick<Storage, 'identity' | 'credentials'>>;
  /** With uptane.key_source pkcs11. */
  readonly signer?: () => Signer;
  /** With tls.pkey_source pkcs11: the X.509 signature of the TLS key. */
  readonly tlsSignature?: (message: Uint8Array) => Uint8Array;
};

/** Logs in to the token; makes the Uptane key in it when there is none. @throws TokenError, ConfigError */
export async function openTokenKeys(
  config: Pick<Config, 'p11' | 'tls' | 'uptane'>,
  stored: Pick<Storage, 'identity' | 'credentials'>,
): Promise<TokenKeys> {
  const { p11, tls, uptane } = config;
  const token = await Pkcs11Token.open({ module: p11.module, pin: p11.pass });
  const isTls = [tls.caSource, tls.certSource, tls.pkeySource].includes('pkcs11');
  return {
    stores: {
      ...(isTls ? { credentials: tokenCredentials(config, stored.credentials, token) } : {}),
      ...(uptane.keySource === 'pkcs11' ? { identity: tokenIdentity(config, stored.identity, token) } : {}),
    },
    ...(uptane.keySource === 'pkcs11' ? { signer: signerOf(config, token) } : {}),
    ...(tls.pkeySource === 'pkcs11'
      ? { tlsSignature: (message: Uint8Array) => signWithTlsKey(token, p11.tlsPkeyId, message) }
      : {}),
  };
}

function tokenCredentials(
  { p11, tls }: Pick<Config, 'p11' | 'tls'>,
  stored: CredentialStore,
  token: Pkcs11Token,
): CredentialStore {
  const fromToken: Partial<TlsCredentials> = {
    ...(tls.caSource === 'pkcs11' ? { ca: certificateOf(token, p11.tlsCacertId, 'p11.tls_cacert_id') } : {}),
    ...(tls.certSource === 'pkcs11'
      ? { certificate: certificateOf(token, p11.tlsClientcertId, 'p11.tls_clientcert_id') }
      : {}),
    ...(tls.pkeySource === 'pkcs11'
      ? { privateKey: '', keyInToken: keyInToken(token, p11.tlsPkeyId, p11.module) }
      : {}),
  };
  return {
    tls() {
      const { ca, certificate, privateKey, keyInToken: key } = { ...stored.parts(), ...fromToken };
      if (ca === undefined || certificate === undefined || privateKey === undefined) return undefined;
      return { ca, certificate, privateKey, ...(key === undefined ? {} : { keyInToken: key }) };
    },
    parts: () => stored.parts(),
    saveTls: (next) => {
      const kept = Object.entries(next).filter(([part]) => !Object.hasOwn(fromToken, part));
      stored.saveTls(Object.fromEntries(kept));
    },
  };
}

/** Looked for here and not by the engine alone, which would print what it did not find. */
function keyInToken(token: Pkcs11Token, idHex: string, module: string): KeyInToken {
  token.find('private key', idHex, 'p11.tls_pkey_id');
  const id = idHex.replaceAll(/../g, '%$&');
  return {
    engine: prepareEngine(module),
    identifier: `pkcs11:serial=${encodeURIComponent(token.serial)};id=${id};type=private`,
  };
}

function tokenIdentity(
  { p11, uptane }: Pick<Config, 'p11' | 'uptane'>,
  stored: IdentityStore,
  token: Pkcs11Token,
): IdentityStore {
  const publicKey = uptaneKeyOf(token, p11.uptaneKeyId, uptane.keyType);
  return { ...stored, primaryKey: () => ({ publicKey, privateKey: '' }) };
}

function signerOf({ p11, uptane }: Pick<Config, 'p11' | 'uptane'>, token: Pkcs11Token): () => Signer {
  const publicKey = uptaneKeyOf(token, p11.uptaneKeyId, uptane.keyType);
  return () => createTokenSigner(token, p11.uptaneKeyId, publicKey);
}
