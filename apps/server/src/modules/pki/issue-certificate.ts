// X.509 as this server issues it: ECDSA P-256 throughout, since one handshake per poll is what limits a fleet's size.
// Source: stack.md sections 4 and 6; RFC 5280 4.1.2.5 for certificates that do not expire by themselves
import { createHash, randomBytes, webcrypto } from 'node:crypto';
import * as asn1js from 'asn1js';
import * as pkijs from 'pkijs';
import { certificateExtensions, type CertificateUse } from './certificate-extensions.ts';
import { decodePem, encodePem } from './pem.ts';

// The typings of pkijs ask for key encapsulation, which its own engine lacks and nothing here uses.
const engine: unknown = new pkijs.CryptoEngine({ name: 'node', crypto: webcrypto as Crypto });
pkijs.setEngine('node', engine as pkijs.ICryptoEngine);

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const OID_COMMON_NAME = '2.5.4.3';
/** A device whose clock was never set stands at 1970 or before, and has to reach the server to learn the time. */
const NOT_BEFORE_MS = Date.UTC(1950, 0, 1);
/** From this year on X.509 wants the longer form of times. */
const GENERALIZED_TIME_FROM_YEAR = 2050;
export const NO_EXPIRY_MS = Date.UTC(9999, 11, 31, 23, 59, 59);

/** PEM certificate, PEM PKCS#8 key, SHA-256 of the certificate's DER. */
export type Identity = {
  readonly certificate: string;
  readonly privateKey: string;
  readonly fingerprint: string;
};

export type CertificatePlan = {
  readonly commonName: string;
  readonly notAfterMs: number;
  readonly use: CertificateUse;
};

/** Signed by `issuer`, or by itself when there is none. */
export async function issueCertificate(
  plan: CertificatePlan,
  issuer?: Pick<Identity, 'certificate' | 'privateKey'>,
): Promise<Identity> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const publicKey = new pkijs.PublicKeyInfo();
  await publicKey.importKey(keys.publicKey as CryptoKey);
  const signingKey = issuer ? await importKey(issuer.privateKey) : keys.privateKey;
  const certified = await certify(plan, publicKey, { certificate: issuer?.certificate, signingKey });
  const privateKey = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return { ...certified, privateKey: encodePem('PRIVATE KEY', privateKey) };
}

/** For a key that somebody else holds. */
export async function certifyKey(
  plan: CertificatePlan,
  publicKey: pkijs.PublicKeyInfo,
  issuer: Pick<Identity, 'certificate' | 'privateKey'>,
): Promise<Omit<Identity, 'privateKey'>> {
  const signingKey = await importKey(issuer.privateKey);
  return certify(plan, publicKey, { certificate: issuer.certificate, signingKey });
}

async function certify(
  plan: CertificatePlan,
  publicKey: pkijs.PublicKeyInfo,
  issuer: { readonly certificate: string | undefined; readonly signingKey: unknown },
): Promise<Omit<Identity, 'privateKey'>> {
  const authority = issuer.certificate && pkijs.Certificate.fromBER(decodePem(issuer.certificate));
  const certificate = new pkijs.Certificate({
    version: 2,
    serialNumber: new asn1js.Integer({ valueHex: serialNumber() }),
    subject: commonName(plan.commonName),
    issuer: authority ? authority.subject : commonName(plan.commonName),
    notBefore: time(NOT_BEFORE_MS),
    notAfter: time(Math.min(plan.notAfterMs, NO_EXPIRY_MS)),
    subjectPublicKeyInfo: publicKey,
  });
  const ownKeyId = keyIdOf(certificate);
  const authorityKeyId = authority ? keyIdOf(authority) : ownKeyId;
  certificate.extensions = certificateExtensions(plan.use, ownKeyId, authorityKeyId);
  await certificate.sign(issuer.signingKey as CryptoKey, 'SHA-256');
  const der = certificate.toSchema(true).toBER(false);
  return {
    certificate: encodePem('CERTIFICATE', der),
    fingerprint: createHash('sha256').update(new Uint8Array(der)).digest('hex'),
  };
}

function commonName(text: string): pkijs.RelativeDistinguishedNames {
  const value = new asn1js.Utf8String({ value: text });
  const typesAndValues = [new pkijs.AttributeTypeAndValue({ type: OID_COMMON_NAME, value })];
  return new pkijs.RelativeDistinguishedNames({ typesAndValues });
}

function time(ms: number): pkijs.Time {
  const value = new Date(ms - (ms % 1000));
  const isLong = value.getUTCFullYear() >= GENERALIZED_TIME_FROM_YEAR;
  return new pkijs.Time({ type: isLong ? pkijs.TimeType.GeneralizedTime : pkijs.TimeType.UTCTime, value });
}

function keyIdOf(certificate: pkijs.Certificate): ArrayBuffer {
  const bits = certificate.subjectPublicKeyInfo.subjectPublicKey.valueBlock.valueHexView;
  return new Uint8Array(createHash('sha1').update(bits).digest()).buffer;
}

function importKey(pem: string): Promise<unknown> {
  return webcrypto.subtle.importKey('pkcs8', decodePem(pem), ALGORITHM, false, ['sign']);
}

/** 127 random bits behind a leading one: positive, and never the same twice. */
function serialNumber(): ArrayBuffer {
  const bytes = new Uint8Array(randomBytes(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.buffer;
}
