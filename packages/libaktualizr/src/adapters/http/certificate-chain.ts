// A server's chain of certificates judged without OpenSSL's clock, and in everything else as strictly: every signature up
// to a self-signed authority that we pin, who may issue and for how many levels, what keys may be used for, strength of
// keys and hashes, and the name. What is not understood is refused. Loaded only where the clock is in the way.
// docs/adr/0021-certificates-and-the-time.md; RFC 5280 section 6
import type { X509Certificate } from 'node:crypto';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { readUsage, type Usage } from './certificate-usage.ts';

export type Presented = {
  readonly leaf: X509Certificate;
  /** As they are read by node:tls, for the comparison of names. */
  readonly peer: PeerCertificate;
  /** Whatever else the server sent, in any order. */
  readonly others: readonly X509Certificate[];
  readonly anchors: readonly X509Certificate[];
  readonly host: string;
};

const MAX_DEPTH = 8;
const MAX_SENT = 16;
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const WEAK_HASH = /md[245]|sha-?1(?!\d)/i;
const MIN_RSA_BITS = 2048;
const STRONG_CURVES: ReadonlySet<string> = new Set(['prime256v1', 'secp384r1', 'secp521r1']);

/** Codes of OpenSSL and node:tls, so that whoever words them has one list. */
class ChainError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * The path from the leaf to the pinned authority. Its dates are for the caller to judge.
 * @throws Error with a code of node:tls
 */
export function findChain(presented: Presented): readonly X509Certificate[] {
  const { leaf, others, anchors, peer, host } = presented;
  if (others.length > MAX_SENT)
    throw new ChainError('CERT_UNTRUSTED', 'The server sends too many certificates.');
  const wrongName = checkServerIdentity(host, peer);
  if (wrongName !== undefined) throw wrongName;
  checkLeaf(leaf);
  const chain = extend([leaf], { others, anchors });
  if (chain !== undefined) return chain;
  throw new ChainError(
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'No chain leads to a pinned certificate authority.',
  );
}

type Stock = Pick<Presented, 'others' | 'anchors'>;

function extend(chain: readonly X509Certificate[], stock: Stock): readonly X509Certificate[] | undefined {
  const last = chain.at(-1);
  if (last === undefined || chain.length > MAX_DEPTH) return undefined;
  if (isAnchor(last, stock)) return chain;
  for (const issuer of [...stock.anchors, ...stock.others]) {
    if (chain.some((one) => isSame(one, issuer)) || !mayIssue(issuer, chain) || !hasIssued(issuer, last))
      continue;
    const longer = extend([...chain, issuer], stock);
    if (longer !== undefined) return longer;
  }
  return undefined;
}

/** A self-signed leaf is nobody's authority, pinned or not. */
function isAnchor(certificate: X509Certificate, { anchors }: Stock): boolean {
  return (
    certificate.ca &&
    anchors.some((anchor) => isSame(anchor, certificate)) &&
    hasIssued(certificate, certificate)
  );
}

function hasIssued(issuer: X509Certificate, certificate: X509Certificate): boolean {
  return (
    certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey) && isStrong(certificate, issuer)
  );
}

/** The hash under an anchor's own signature protects nothing. */
function isStrong(certificate: X509Certificate, issuer: X509Certificate): boolean {
  const { signatureAlgorithm } = certificate;
  const isWeakHash = signatureAlgorithm === undefined || WEAK_HASH.test(signatureAlgorithm);
  return isStrongKey(certificate) && (isSame(certificate, issuer) || !isWeakHash);
}

function isStrongKey({ publicKey }: X509Certificate): boolean {
  const { asymmetricKeyType, asymmetricKeyDetails } = publicKey;
  if (asymmetricKeyType === 'rsa' || asymmetricKeyType === 'rsa-pss')
    return (asymmetricKeyDetails?.modulusLength ?? 0) >= MIN_RSA_BITS;
  if (asymmetricKeyType === 'ec') return STRONG_CURVES.has(asymmetricKeyDetails?.namedCurve ?? '');
  return asymmetricKeyType === 'ed25519' || asymmetricKeyType === 'ed448';
}

/** `below`: what it is to vouch for, leaf first. */
function mayIssue(certificate: X509Certificate, below: readonly X509Certificate[]): boolean {
  const usage = readUsage(certificate.raw);
  if (!isUnderstood(usage) || !certificate.ca || !usage.isAuthority) return false;
  if (usage.keyUsage !== undefined && !usage.keyUsage.has('keyCertSign')) return false;
  const between = below.slice(1).filter(({ subject, issuer }) => subject !== issuer).length;
  return usage.pathLength === undefined || between <= usage.pathLength;
}

function checkLeaf(leaf: X509Certificate): void {
  const usage = readUsage(leaf.raw);
  const { keyUsage } = usage;
  const mayServe =
    keyUsage === undefined ||
    keyUsage.has('digitalSignature') ||
    keyUsage.has('keyEncipherment') ||
    keyUsage.has('keyAgreement');
  if (isUnderstood(usage) && mayServe) return;
  throw new ChainError(
    'CERT_UNTRUSTED',
    'The certificate of the server is not for servers, or says what is not understood.',
  );
}

function isUnderstood({ isUnderstood: understood, extendedUsage }: Usage): boolean {
  return understood && (extendedUsage === undefined || extendedUsage.has(SERVER_AUTH));
}

function isSame(a: X509Certificate, b: X509Certificate): boolean {
  return a.raw.equals(b.raw);
}
