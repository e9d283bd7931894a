// What a certificate may be used for. An authority signs certificates and nothing else; a client certificate cannot
// pose as a server. Source: RFC 5280 4.2
import { isIP } from 'node:net';
import * as asn1js from 'asn1js';
import * as pkijs from 'pkijs';

export type CertificateUse = 'authority' | 'client' | { readonly serverNames: readonly string[] };

const OID = {
  subjectKeyId: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyId: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
} as const;

/** Bit strings: digitalSignature; keyCertSign and cRLSign. */
const SIGNS_HANDSHAKES = { bits: 0x80, unused: 7 };
const SIGNS_CERTIFICATES = { bits: 0x06, unused: 1 };

const DNS_NAME = 2;
const IP_ADDRESS = 7;

export function certificateExtensions(
  use: CertificateUse,
  ownKeyId: ArrayBuffer,
  authorityKeyId: ArrayBuffer,
): pkijs.Extension[] {
  const isAuthority = use === 'authority';
  const constraints = isAuthority ? { cA: true, pathLenConstraint: 0 } : { cA: false };
  const usage = isAuthority ? SIGNS_CERTIFICATES : SIGNS_HANDSHAKES;
  const common = [
    extension(OID.basicConstraints, new pkijs.BasicConstraints(constraints).toSchema(), true),
    extension(OID.keyUsage, bitString(usage), true),
    extension(OID.subjectKeyId, new asn1js.OctetString({ valueHex: ownKeyId }), false),
    extension(OID.authorityKeyId, authorityKeyIdentifier(authorityKeyId), false),
  ];
  if (isAuthority) return common;
  const purpose = use === 'client' ? OID.clientAuth : OID.serverAuth;
  common.push(
    extension(OID.extendedKeyUsage, new pkijs.ExtKeyUsage({ keyPurposes: [purpose] }).toSchema(), false),
  );
  if (use === 'client') return common;
  const names = new pkijs.GeneralNames({ names: use.serverNames.map(serverName) });
  return [...common, extension(OID.subjectAltName, names.toSchema(), false)];
}

function extension(extnID: string, value: asn1js.BaseBlock, critical: boolean): pkijs.Extension {
  return new pkijs.Extension({ extnID, critical, extnValue: value.toBER(false) });
}

function bitString(usage: { readonly bits: number; readonly unused: number }): asn1js.BitString {
  return new asn1js.BitString({ valueHex: new Uint8Array([usage.bits]).buffer, unusedBits: usage.unused });
}

function authorityKeyIdentifier(keyId: ArrayBuffer): asn1js.BaseBlock {
  const keyIdentifier = new asn1js.OctetString({ valueHex: keyId });
  return new pkijs.AuthorityKeyIdentifier({ keyIdentifier }).toSchema();
}

function serverName(name: string): pkijs.GeneralName {
  if (isIP(name) === 0) return new pkijs.GeneralName({ type: DNS_NAME, value: name });
  const valueHex = addressBytes(name);
  return new pkijs.GeneralName({ type: IP_ADDRESS, value: new asn1js.OctetString({ valueHex }) });
}

function addressBytes(address: string): ArrayBuffer {
  if (isIP(address) === 4) return new Uint8Array(address.split('.').map(Number)).buffer;
  const [head = '', tail] = address.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0');
  const groups = [...left, ...zeros, ...right].map((group) => parseInt(group, 16));
  return new Uint8Array(groups.flatMap((group) => [group >> 8, group & 0xff])).buffer;
}
