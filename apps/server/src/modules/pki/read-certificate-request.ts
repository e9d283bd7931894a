// A PKCS#10 request: for whom, for which key, and that whoever asks holds that key. Nothing else in it counts: what a
// certificate may be used for is decided here. Source: RFC 2986; keys as the gateway's TLS takes them
import { createPublicKey, type KeyObject } from 'node:crypto';
import * as pkijs from 'pkijs';
import { RequestError } from '../../platform/http/problem.ts';
import './issue-certificate.ts';

const OID_COMMON_NAME = '2.5.4.3';
const RSA_BITS = { least: 2048, most: 8192 } as const;
const CURVES: ReadonlySet<string> = new Set(['prime256v1', 'secp384r1', 'secp521r1']);

export type CertificateRequest = { readonly commonName: string; readonly publicKey: pkijs.PublicKeyInfo };

/** Throws RequestError `invalid_entity`. */
export async function readCertificateRequest(der: Uint8Array): Promise<CertificateRequest> {
  const request = parse(der);
  const publicKey = request.subjectPublicKeyInfo;
  checkKind(publicKey);
  if (!(await isSignedByItsKey(request)))
    throw refuse('The certificate request is not signed by the key that it is about.');
  return { commonName: commonNameOf(request), publicKey };
}

function parse(der: Uint8Array): pkijs.CertificationRequest {
  try {
    return pkijs.CertificationRequest.fromBER(new Uint8Array(der).buffer);
  } catch (cause) {
    throw refuse('The body is no certificate request (PKCS#10 in DER).', cause);
  }
}

function checkKind(publicKey: pkijs.PublicKeyInfo): void {
  const { asymmetricKeyType: kind, asymmetricKeyDetails: details = {} } = keyOf(publicKey);
  if (kind === 'rsa') {
    const bits = details.modulusLength ?? 0;
    if (bits >= RSA_BITS.least && bits <= RSA_BITS.most) return;
    throw refuse(`An RSA key has ${RSA_BITS.least} to ${RSA_BITS.most} bits.`);
  }
  if (kind === 'ec' && CURVES.has(details.namedCurve ?? '')) return;
  throw refuse('The key of the certificate request is of no kind that is certified here.');
}

function keyOf(publicKey: pkijs.PublicKeyInfo): KeyObject {
  try {
    const key = Buffer.from(publicKey.toSchema().toBER(false));
    return createPublicKey({ key, format: 'der', type: 'spki' });
  } catch (cause) {
    throw refuse('The key of the certificate request cannot be read.', cause);
  }
}

async function isSignedByItsKey(request: pkijs.CertificationRequest): Promise<boolean> {
  try {
    return await request.verify();
  } catch {
    // Whatever the library finds odd in it: nobody has shown to hold the key.
    return false;
  }
}

function commonNameOf(request: pkijs.CertificationRequest): string {
  const names = request.subject.typesAndValues.filter(({ type }) => type === OID_COMMON_NAME);
  const [name] = names;
  if (names.length !== 1 || name === undefined)
    throw refuse('The certificate request has to name the device by one common name.');
  return String(name.value.valueBlock.value);
}

function refuse(message: string, cause?: unknown): RequestError {
  return new RequestError('invalid_entity', message, { cause });
}
