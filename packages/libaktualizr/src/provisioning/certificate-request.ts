// A PKCS#10 certificate request: the device's name and a key, signed by that key, wherever the key is. The kinds of key
// that servers certify: RSA and ECDSA on P-256, both with SHA-256. Loaded when a certificate is renewed. RFC 2986
import type { KeyObject } from 'node:crypto';

import * as asn1js from 'asn1js';

const OID_COMMON_NAME = '2.5.4.3';
const OID_RSA_SHA256 = '1.2.840.113549.1.1.11';
const OID_ECDSA_SHA256 = '1.2.840.10045.4.3.2';

export type RequestPlan = {
  readonly commonName: string;
  readonly publicKey: KeyObject;
  /** The X.509 signature over these bytes, with SHA-256. */
  readonly sign: (message: Uint8Array) => Uint8Array;
};

/** DER. */
export function certificateRequest({ commonName, publicKey, sign }: RequestPlan): Uint8Array {
  const info = sequence(
    new asn1js.Integer({ value: 0 }),
    nameOf(commonName),
    asn1js.fromBER(publicKey.export({ type: 'spki', format: 'der' })).result,
    // No attributes: the tag has to be there all the same.
    new asn1js.Constructed({ idBlock: { tagClass: 3, tagNumber: 0 }, value: [] }),
  );
  const signature = sign(new Uint8Array(info.toBER(false)));
  const request = sequence(
    info,
    algorithmOf(publicKey),
    new asn1js.BitString({ valueHex: new Uint8Array(signature).buffer }),
  );
  return new Uint8Array(request.toBER(false));
}

function nameOf(commonName: string): asn1js.Sequence {
  const attribute = sequence(
    new asn1js.ObjectIdentifier({ value: OID_COMMON_NAME }),
    new asn1js.Utf8String({ value: commonName }),
  );
  return sequence(new asn1js.Set({ value: [attribute] }));
}

function algorithmOf(publicKey: KeyObject): asn1js.Sequence {
  return publicKey.asymmetricKeyType === 'rsa'
    ? sequence(new asn1js.ObjectIdentifier({ value: OID_RSA_SHA256 }), new asn1js.Null())
    : sequence(new asn1js.ObjectIdentifier({ value: OID_ECDSA_SHA256 }));
}

function sequence(...value: readonly asn1js.AsnType[]): asn1js.Sequence {
  return new asn1js.Sequence({ value: [...value] as never });
}
