// A PKCS#12 archive as small as they may be: a key and certificates, neither encrypted nor sealed. RFC 7292.
import * as asn1js from 'asn1js';
import { fromPem, type Issued } from './certificates.ts';

const OID_DATA = '1.2.840.113549.1.7.1';
const OID_KEY_BAG = '1.2.840.113549.1.12.10.1.1';
const OID_CERTIFICATE_BAG = '1.2.840.113549.1.12.10.1.3';
const OID_X509 = '1.2.840.113549.1.9.22.1';
const VERSION = 3;

export function openPkcs12({ certificate, privateKey }: Issued, ...chain: readonly string[]): Buffer {
  const bags = [
    bag(OID_KEY_BAG, read(privateKey)),
    ...[certificate, ...chain].map((pem) => bag(OID_CERTIFICATE_BAG, certificateBag(pem))),
  ];
  const safe = data(sequence(data(sequence(...bags))));
  return Buffer.from(sequence(new asn1js.Integer({ value: VERSION }), safe).toBER(false));
}

function certificateBag(pem: string): asn1js.Sequence {
  const octets = new asn1js.OctetString({ valueHex: fromPem(pem) });
  return sequence(new asn1js.ObjectIdentifier({ value: OID_X509 }), explicit(octets));
}

function data(content: asn1js.Sequence): asn1js.Sequence {
  const octets = new asn1js.OctetString({ valueHex: content.toBER(false) });
  return sequence(new asn1js.ObjectIdentifier({ value: OID_DATA }), explicit(octets));
}

function bag(oid: string, value: asn1js.AsnType): asn1js.Sequence {
  return sequence(new asn1js.ObjectIdentifier({ value: oid }), explicit(value));
}

function explicit(value: asn1js.AsnType): asn1js.Constructed {
  return new asn1js.Constructed({ idBlock: { tagClass: 3, tagNumber: 0 }, value: [value as never] });
}

function sequence(...value: readonly asn1js.AsnType[]): asn1js.Sequence {
  return new asn1js.Sequence({ value: [...value] as never });
}

function read(pem: string): asn1js.AsnType {
  return asn1js.fromBER(fromPem(pem)).result;
}
