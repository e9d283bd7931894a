// A device identity made without a server: a key of RSA, and a certificate for it by the fleet's own authority, which the
// gateway has been told to trust. For aktualizr-cert-provider. client-features CRT-02 to -04; RFC 5280
import { createPrivateKey, generateKeyPairSync, randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

import * as asn1js from 'asn1js';
import * as pkijs from 'pkijs';

import { ConfigError } from '../errors.ts';

const OID = {
  country: '2.5.4.6',
  state: '2.5.4.8',
  organization: '2.5.4.10',
  commonName: '2.5.4.3',
  basicConstraints: '2.5.29.19',
  extendedKeyUsage: '2.5.29.37',
  clientAuth: '1.3.6.1.5.5.7.3.2',
} as const;
const DAY_MS = 86_400_000;
/** From this year on X.509 wants the longer form of times. */
const GENERALIZED_TIME_FROM_YEAR = 2050;

export type FleetAuthority = { readonly certificate: string; readonly privateKey: string };

export type FleetPlan = {
  readonly commonName: string;
  readonly country?: string | undefined;
  readonly state?: string | undefined;
  readonly organization?: string | undefined;
  readonly bits: number;
  readonly days: number;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
};

/** PEM both. @throws ConfigError `bad_value` for an authority that cannot be used */
export async function makeFleetIdentity(
  plan: FleetPlan,
  authority: FleetAuthority,
): Promise<{ readonly certificate: string; readonly privateKey: string }> {
  const { issuer, signingKey } = await readAuthority(authority, plan);
  const keys = generateKeyPairSync('rsa', { modulusLength: plan.bits });
  const certificate = new pkijs.Certificate({
    version: 2,
    serialNumber: new asn1js.Integer({ valueHex: serialNumber() }),
    issuer: issuer.subject,
    subject: subjectOf(plan),
    notBefore: time(plan.nowMs),
    notAfter: time(plan.nowMs + plan.days * DAY_MS),
    extensions: [
      extension(OID.basicConstraints, new pkijs.BasicConstraints({ cA: false }).toSchema(), true),
      extension(
        OID.extendedKeyUsage,
        new pkijs.ExtKeyUsage({ keyPurposes: [OID.clientAuth] }).toSchema(),
        false,
      ),
    ],
    subjectPublicKeyInfo: pkijs.PublicKeyInfo.fromBER(
      arrayBuffer(keys.publicKey.export({ type: 'spki', format: 'der' })),
    ),
  });
  await certificate.sign(signingKey, 'SHA-256');
  const made = new X509Certificate(new Uint8Array(certificate.toSchema(true).toBER(false)));
  return {
    certificate: made.toString(),
    privateKey: keys.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
  };
}

async function readAuthority(
  authority: FleetAuthority,
  { nowMs, days }: FleetPlan,
): Promise<{ readonly issuer: pkijs.Certificate; readonly signingKey: CryptoKey }> {
  let parsed: X509Certificate;
  let key: KeyObject;
  try {
    parsed = new X509Certificate(authority.certificate);
    key = createPrivateKey(authority.privateKey);
  } catch (cause) {
    throw refuse('One of them is no PEM file, is damaged, or its key has a password', cause);
  }
  if (!parsed.checkPrivateKey(key)) throw refuse('Its certificate and its key do not belong together');
  if (!parsed.ca) throw refuse('Its certificate is not that of an authority');
  if (parsed.validToDate.getTime() < nowMs + days * DAY_MS)
    throw refuse(
      `It ends on ${parsed.validToDate.toISOString().slice(0, 10)}, before the certificate would (--days)`,
    );
  const der = key.export({ type: 'pkcs8', format: 'der' });
  const signingKey = await webcrypto.subtle.importKey('pkcs8', new Uint8Array(der), algorithmOf(key), false, [
    'sign',
  ]);
  return { issuer: pkijs.Certificate.fromBER(arrayBuffer(parsed.raw)), signingKey: signingKey as CryptoKey };
}

function algorithmOf(key: KeyObject): { name: string; hash: string } | { name: string; namedCurve: string } {
  if (key.asymmetricKeyType === 'rsa') return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  const curves = new Map([
    ['prime256v1', 'P-256'],
    ['secp384r1', 'P-384'],
  ]);
  const namedCurve = curves.get(key.asymmetricKeyDetails?.namedCurve ?? '');
  if (key.asymmetricKeyType === 'ec' && namedCurve !== undefined) return { name: 'ECDSA', namedCurve };
  throw refuse('Its key is neither RSA nor on the curves P-256 or P-384');
}

function subjectOf({
  country,
  state,
  organization,
  commonName,
}: FleetPlan): pkijs.RelativeDistinguishedNames {
  const parts = [
    [OID.country, country],
    [OID.state, state],
    [OID.organization, organization],
    [OID.commonName, commonName],
  ] as const;
  const sets = parts.flatMap(([type, value]) => {
    if (value === undefined) return [];
    const text =
      type === OID.country ? new asn1js.PrintableString({ value }) : new asn1js.Utf8String({ value });
    const attribute = new asn1js.Sequence({ value: [new asn1js.ObjectIdentifier({ value: type }), text] });
    return [new asn1js.Set({ value: [attribute] })];
  });
  // Read from DER: pkijs itself would put all of them into one set, which is another name.
  return pkijs.RelativeDistinguishedNames.fromBER(new asn1js.Sequence({ value: sets }).toBER(false));
}

function extension(extnID: string, value: asn1js.BaseBlock, critical: boolean): pkijs.Extension {
  return new pkijs.Extension({ extnID, critical, extnValue: value.toBER(false) });
}

function time(ms: number): pkijs.Time {
  const value = new Date(ms - (ms % 1000));
  const isLong = value.getUTCFullYear() >= GENERALIZED_TIME_FROM_YEAR;
  return new pkijs.Time({ type: isLong ? pkijs.TimeType.GeneralizedTime : pkijs.TimeType.UTCTime, value });
}

/** Positive, and never the same twice. */
function serialNumber(): ArrayBuffer {
  const bytes = new Uint8Array(randomBytes(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.buffer;
}

function arrayBuffer(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

function refuse(what: string, cause?: unknown): ConfigError {
  return new ConfigError('bad_value', `The fleet authority cannot be used. ${what}.`, { cause });
}
