// A certificate authority for one test run: server and device certificates, also expired ones and those of a stranger.
import { randomBytes, webcrypto } from 'node:crypto';
import { isIPv4 } from 'node:net';
import * as asn1js from 'asn1js';
import * as pkijs from 'pkijs';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const DAY_MS = 86_400_000;
const OID_COMMON_NAME = '2.5.4.3';
const OID_BASIC_CONSTRAINTS = '2.5.29.19';
const OID_ALTERNATIVE_NAME = '2.5.29.17';
const OID_EXTENDED_KEY_USAGE = '2.5.29.37';
const OID_OCSP_SIGNING = '1.3.6.1.5.5.7.3.9';
const DNS_NAME = 2;
const IP_ADDRESS = 7;

export type Issued = { readonly certificate: string; readonly privateKey: string };

export type Plan = {
  readonly commonName: string;
  readonly isAuthority?: boolean;
  /** Days from now; negative for one that has expired. */
  readonly days?: number;
  /** May answer for its issuer whether a certificate was revoked. */
  readonly isResponder?: boolean;
  /** Instead of days. */
  readonly validity?: { readonly begins: Date; readonly ends: Date };
  /** Name or IPv4 address. */
  readonly host?: string;
  readonly pathLength?: number;
};

/** Signed by `issuer`, or by itself. Valid for `localhost`. */
export async function issue(plan: Plan, issuer?: Issued): Promise<Issued> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const publicKey = new pkijs.PublicKeyInfo();
  await publicKey.importKey(keys.publicKey as CryptoKey);
  const privateKey = toPem('PRIVATE KEY', await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  return { certificate: await issueFor(plan, issuer ?? { privateKey }, publicKey), privateKey };
}

/** PEM, for a key that somebody else holds. */
export async function issueFor(
  plan: Plan,
  issuer: Partial<Issued> & Pick<Issued, 'privateKey'>,
  publicKey: pkijs.PublicKeyInfo,
): Promise<string> {
  const { commonName, isAuthority = false, days = 2, host = 'localhost', pathLength } = plan;
  const usage = plan.isResponder === true ? [ocspSigning()] : [];
  const authority = issuer.certificate && pkijs.Certificate.fromBER(fromPem(issuer.certificate));
  const notAfter = plan.validity?.ends ?? new Date(Date.now() + days * DAY_MS);
  const notBefore = plan.validity?.begins ?? new Date(notAfter.getTime() - 10 * DAY_MS);
  const certificate = new pkijs.Certificate({
    version: 2,
    serialNumber: new asn1js.Integer({ valueHex: new Uint8Array([1, ...randomBytes(8)]).buffer }),
    subject: nameOf(commonName),
    issuer: authority ? authority.subject : nameOf(commonName),
    notBefore: new pkijs.Time({ value: notBefore }),
    notAfter: new pkijs.Time({ value: notAfter }),
    extensions: [constraints(isAuthority, pathLength), alternativeName(host), ...usage],
    subjectPublicKeyInfo: publicKey,
  });
  const der = fromPem(issuer.privateKey);
  const signingKey = await webcrypto.subtle.importKey('pkcs8', der, ALGORITHM, false, ['sign']);
  await certificate.sign(signingKey as CryptoKey, 'SHA-256');
  return toPem('CERTIFICATE', certificate.toSchema(true).toBER(false));
}

function nameOf(text: string): pkijs.RelativeDistinguishedNames {
  const value = new asn1js.Utf8String({ value: text });
  return new pkijs.RelativeDistinguishedNames({
    typesAndValues: [new pkijs.AttributeTypeAndValue({ type: OID_COMMON_NAME, value })],
  });
}

function constraints(isAuthority: boolean, pathLength: number | undefined): pkijs.Extension {
  const levels = pathLength === undefined ? {} : { pathLenConstraint: pathLength };
  const extnValue = new pkijs.BasicConstraints({ cA: isAuthority, ...levels }).toSchema().toBER(false);
  return new pkijs.Extension({ extnID: OID_BASIC_CONSTRAINTS, critical: true, extnValue });
}

function ocspSigning(): pkijs.Extension {
  const extnValue = new pkijs.ExtKeyUsage({ keyPurposes: [OID_OCSP_SIGNING] }).toSchema().toBER(false);
  return new pkijs.Extension({ extnID: OID_EXTENDED_KEY_USAGE, critical: false, extnValue });
}

function addressName(address: string): pkijs.GeneralName {
  const valueHex = new Uint8Array(address.split('.').map(Number)).buffer;
  return new pkijs.GeneralName({ type: IP_ADDRESS, value: new asn1js.OctetString({ valueHex }) });
}

function alternativeName(host: string): pkijs.Extension {
  const names = new pkijs.GeneralNames({
    names: [isIPv4(host) ? addressName(host) : new pkijs.GeneralName({ type: DNS_NAME, value: host })],
  });
  return new pkijs.Extension({
    extnID: OID_ALTERNATIVE_NAME,
    critical: false,
    extnValue: names.toSchema().toBER(false),
  });
}

function toPem(label: string, der: ArrayBuffer): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

export function fromPem(pem: string): ArrayBuffer {
  return new Uint8Array(Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64')).buffer;
}
