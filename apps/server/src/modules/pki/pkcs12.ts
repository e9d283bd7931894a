// PKCS#12 archives that OpenSSL, Node's tls and the original client open: PBES2 with AES-256, MAC with SHA-256,
// empty password. They are as secret as the key inside. Source: client-protocol 3.1, 9; stack.md section 6
import { randomBytes } from 'node:crypto';
import * as asn1js from 'asn1js';
import * as pkijs from 'pkijs';
import type { Identity } from './issue-certificate.ts';
import { decodePem } from './pem.ts';

const OID_LOCAL_KEY_ID = '1.2.840.113549.1.9.21';
const OID_KEY_BAG = '1.2.840.113549.1.12.10.1.2';
const OID_CERTIFICATE_BAG = '1.2.840.113549.1.12.10.1.3';
const ITERATIONS = 2048;
const PASSWORD = new ArrayBuffer(0);

/** DER of an archive with the identity's key and certificate, and the authority its holder has to trust. */
export async function buildPkcs12(identity: Identity, trustedAuthority: string): Promise<Uint8Array> {
  const keyId = randomBytes(20);
  const archive = new pkijs.PFX({
    parsedValue: {
      integrityMode: 0,
      authenticatedSafe: new pkijs.AuthenticatedSafe({
        parsedValue: {
          safeContents: [
            {
              privacyMode: 0,
              value: new pkijs.SafeContents({ safeBags: [await keyBag(identity.privateKey, keyId)] }),
            },
            {
              privacyMode: 1,
              value: new pkijs.SafeContents({
                safeBags: [certificateBag(identity.certificate, keyId), certificateBag(trustedAuthority)],
              }),
            },
          ],
        },
      }),
    },
  });
  const encryption = {
    password: PASSWORD,
    contentEncryptionAlgorithm: { name: 'AES-CBC', length: 256 },
    hmacHashAlgorithm: 'SHA-256',
    iterationCount: ITERATIONS,
  };
  await archive.parsedValue?.authenticatedSafe?.makeInternalValues({ safeContents: [{}, encryption] });
  await archive.makeInternalValues({
    password: PASSWORD,
    iterations: ITERATIONS,
    pbkdf2HashAlgorithm: 'SHA-256',
    hmacHashAlgorithm: 'SHA-256',
  });
  return new Uint8Array(archive.toSchema().toBER(false));
}

async function keyBag(privateKey: string, keyId: Uint8Array): Promise<pkijs.SafeBag> {
  const bag = new pkijs.PKCS8ShroudedKeyBag({
    parsedValue: pkijs.PrivateKeyInfo.fromBER(decodePem(privateKey)),
  });
  await bag.makeInternalValues({
    password: PASSWORD,
    contentEncryptionAlgorithm: { name: 'AES-CBC', length: 256 } as never,
    hmacHashAlgorithm: 'SHA-256',
    iterationCount: ITERATIONS,
  });
  return new pkijs.SafeBag({ bagId: OID_KEY_BAG, bagValue: bag, bagAttributes: [localKeyId(keyId)] });
}

function certificateBag(certificate: string, keyId?: Uint8Array): pkijs.SafeBag {
  const parsedValue = pkijs.Certificate.fromBER(decodePem(certificate));
  return new pkijs.SafeBag({
    bagId: OID_CERTIFICATE_BAG,
    bagValue: new pkijs.CertBag({ parsedValue }),
    ...(keyId ? { bagAttributes: [localKeyId(keyId)] } : {}),
  });
}

/** Ties the key to its certificate. */
function localKeyId(keyId: Uint8Array): pkijs.Attribute {
  return new pkijs.Attribute({
    type: OID_LOCAL_KEY_ID,
    values: [new asn1js.OctetString({ valueHex: keyId })],
  });
}
