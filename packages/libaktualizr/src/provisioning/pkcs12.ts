// A PKCS#12 file → private key, its certificate and the other certificates, as PEM. The structure is read by pkijs
// (loaded by the caller's import, only while a device is provisioned), sealing by pkcs12-ciphers.ts, since files of older
// servers use ciphers that pkijs does not have. RFC 7292; client-protocol 3.1.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

import { Integer, OctetString, Sequence } from 'asn1js';
import {
  AuthenticatedSafe,
  CertBag,
  EncryptedData,
  PBES2Params,
  PBKDF2Params,
  PFX,
  PKCS8ShroudedKeyBag,
  PrivateKeyInfo,
  SafeContents,
} from 'pkijs';
import type { AlgorithmIdentifier, ContentInfo } from 'pkijs';

import { ProvisioningError } from '../errors.ts';
import { decrypt, macAgrees, passwordForms } from './pkcs12-ciphers.ts';
import type { Sealed } from './pkcs12-ciphers.ts';

/** All PEM; `chain` in the order of the file, without the certificate of the key. */
export type Identity = {
  readonly privateKey: string;
  readonly certificate: string;
  readonly chain: readonly string[];
};

type Password = { readonly text: string; readonly form: Uint8Array };
type Content = { readonly keys: KeyObject[]; readonly certificates: X509Certificate[] };

const DATA = '1.2.840.113549.1.7.1';
const ENCRYPTED_DATA = '1.2.840.113549.1.7.6';
const PBES2 = '1.2.840.113549.1.5.13';
const PBKDF2 = '1.2.840.113549.1.5.12';
const HMAC_SHA1 = '1.2.840.113549.2.7';

/** `what` names the file in errors. Throws ProvisioningError 'bad_credentials'. */
export function readPkcs12(bytes: Uint8Array, password: string, what: string): Identity {
  try {
    const pfx = PFX.fromBER(arrayBuffer(bytes));
    const safe = octets(pfx.authSafe.content);
    const content: Content = { keys: [], certificates: [] };
    const opened = { text: password, form: agreedForm(pfx, safe, password, what) };
    for (const info of AuthenticatedSafe.fromBER(arrayBuffer(safe)).safeContents) {
      collect(content, contentsOf(info, opened, what), opened, what);
    }
    return identityOf(content, what);
  } catch (cause) {
    if (cause instanceof ProvisioningError) throw cause;
    // The cause's text may quote what it could not read; it stays out of the sentence.
    throw new ProvisioningError('bad_credentials', `${what} is damaged or no PKCS#12 file.`, { cause });
  }
}

/** A MAC that agrees proves the password; a file without one is opened with the usual form. */
function agreedForm(pfx: PFX, safe: Uint8Array, password: string, what: string): Uint8Array {
  const forms = passwordForms(password);
  const { macData } = pfx;
  if (macData === undefined) return forms[0] ?? new Uint8Array();
  const mac = {
    digest: macData.mac.digestAlgorithm.algorithmId,
    expected: octets(macData.mac.digest),
    salt: octets(macData.macSalt),
    iterations: macData.iterations ?? 1,
  };
  const agreed = forms.find((form) => macAgrees(mac, safe, form));
  if (agreed !== undefined) return agreed;
  const reason =
    password === ''
      ? 'needs a password (provision.p12_password), or is damaged'
      : 'does not open with this password, or is damaged';
  throw new ProvisioningError('bad_credentials', `${what} ${reason}.`);
}

function contentsOf(info: ContentInfo, password: Password, what: string): SafeContents {
  if (info.contentType === DATA) return SafeContents.fromBER(arrayBuffer(octets(info.content)));
  if (info.contentType !== ENCRYPTED_DATA) throw unsupported(what, info.contentType);
  const { encryptedContentInfo } = new EncryptedData({ schema: info.content });
  const data = new Uint8Array(encryptedContentInfo.getEncryptedContent());
  const plain = unseal(encryptedContentInfo.contentEncryptionAlgorithm, data, password, what);
  return SafeContents.fromBER(arrayBuffer(plain));
}

function collect(content: Content, { safeBags }: SafeContents, password: Password, what: string): void {
  for (const { bagValue } of safeBags) {
    if (bagValue instanceof PKCS8ShroudedKeyBag) {
      const plain = unseal(bagValue.encryptionAlgorithm, octets(bagValue.encryptedData), password, what);
      content.keys.push(privateKey(plain));
    } else if (bagValue instanceof PrivateKeyInfo) {
      content.keys.push(privateKey(new Uint8Array(bagValue.toSchema().toBER(false))));
    } else if (bagValue instanceof CertBag) {
      content.certificates.push(new X509Certificate(octets(certificateValue(bagValue))));
    }
  }
}

function certificateValue(bag: CertBag): unknown {
  return bag.certValue instanceof OctetString
    ? bag.certValue
    : new OctetString({ valueHex: bag.parsedValue.toSchema(true).toBER(false) });
}

function unseal(
  algorithm: AlgorithmIdentifier,
  data: Uint8Array,
  password: Password,
  what: string,
): Uint8Array {
  const sealed = sealedBy(algorithm);
  const plain = sealed && decrypt(sealed, data, password.text, password.form);
  if (plain === undefined) throw unsupported(what, algorithm.algorithmId);
  return plain;
}

function sealedBy(algorithm: AlgorithmIdentifier): Sealed | undefined {
  if (algorithm.algorithmId !== PBES2) {
    const [salt, iterations] = children(algorithm.algorithmParams);
    return {
      kind: 'pkcs12',
      algorithm: algorithm.algorithmId,
      salt: octets(salt),
      iterations: whole(iterations),
    };
  }
  const params = new PBES2Params({ schema: algorithm.algorithmParams });
  if (params.keyDerivationFunc.algorithmId !== PBKDF2) return undefined;
  const kdf = new PBKDF2Params({ schema: params.keyDerivationFunc.algorithmParams });
  return {
    kind: 'pbes2',
    salt: octets(kdf.salt),
    iterations: kdf.iterationCount,
    prf: kdf.prf?.algorithmId ?? HMAC_SHA1,
    cipher: params.encryptionScheme.algorithmId,
    iv: octets(params.encryptionScheme.algorithmParams),
  };
}

function identityOf(content: Content, what: string): Identity {
  const [key] = content.keys;
  if (key === undefined) throw new ProvisioningError('bad_credentials', `${what} holds no private key.`);
  const leaf = content.certificates.find((certificate) => certificate.checkPrivateKey(key));
  if (leaf === undefined)
    throw new ProvisioningError('bad_credentials', `${what} holds no certificate for its private key.`);
  return {
    privateKey: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificate: leaf.toString(),
    chain: content.certificates
      .filter((certificate) => certificate !== leaf)
      .map((certificate) => certificate.toString()),
  };
}

function privateKey(pkcs8: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' });
}

/** BER may cut an octet string into pieces; `getValue` joins them. */
function octets(value: unknown): Uint8Array {
  if (value instanceof OctetString) return new Uint8Array(value.getValue());
  throw new TypeError('octets expected');
}

function children(value: unknown): readonly unknown[] {
  return value instanceof Sequence ? value.valueBlock.value : [];
}

function whole(value: unknown): number {
  if (value instanceof Integer) return value.valueBlock.valueDec;
  throw new TypeError('number expected');
}

function arrayBuffer(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer;
}

function unsupported(what: string, algorithm: string): ProvisioningError {
  return new ProvisioningError(
    'bad_credentials',
    `${what} uses an encryption that is not supported (${algorithm}), or is damaged.`,
  );
}
