// Turns what TLS and sockets throw into one sentence for a person and one code for a program. The original error stays
// as `cause`. A server that refuses our certificate and a server that we refuse are different faults and say so.
import { X509Certificate } from 'node:crypto';
import { TransportError } from '../../errors.ts';

const UNREACHABLE = new Map([
  ['ECONNREFUSED', 'the connection was refused'],
  // Some servers say no more than this to a certificate that they do not accept.
  [
    'ECONNRESET',
    'it closed the connection without an answer (it may not accept the certificate of this device)',
  ],
  ['EPIPE', 'the connection was closed'],
  ['ENOTFOUND', 'its name is unknown'],
  ['EAI_AGAIN', 'its name cannot be looked up now'],
  ['ETIMEDOUT', 'it does not answer'],
  ['EHOSTUNREACH', 'there is no route to it'],
  ['ENETUNREACH', 'the network is down'],
]);

const FOREIGN = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
]);

const CLOSED = new Set(['ECONNRESET', 'EPIPE']);

/** The server took the connection. PEM of the certificate that it was shown. */
export type AfterHandshake = { readonly ownCertificate: string | undefined };

/** `details.reason` is `closed_after_handshake`, when the server took the connection and ended it without an answer. */
export function describeFailure(error: unknown, url: URL, afterHandshake?: AfterHandshake): unknown {
  if (error instanceof TransportError || !(error instanceof Error)) return error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const tls = describeTls(code, url, error);
  if (tls !== undefined) return tls;
  if (code === 'ECONNRESET' && error.message === 'aborted') {
    return new TransportError('truncated', `The answer of ${url.origin} broke off.`, { cause: error });
  }
  const reason = UNREACHABLE.get(code);
  const isClosed = afterHandshake !== undefined && CLOSED.has(code);
  if (isClosed && isExpired(afterHandshake.ownCertificate)) return expiredDevice(url, error);
  if (reason !== undefined) {
    return new TransportError('unreachable', `The server ${url.origin} cannot be reached: ${reason}.`, {
      cause: error,
      details: isClosed ? { reason: 'closed_after_handshake' } : {},
    });
  }
  if (code.startsWith('HPE_')) {
    return new TransportError('malformed', `${url.origin} does not answer in HTTP.`, { cause: error });
  }
  // Anything else is not the network's: a full disk while an image is written, a defect of ours.
  return error;
}

function describeTls(code: string, url: URL, cause: Error): TransportError | undefined {
  const refused = (message: string, reason: string) =>
    new TransportError('tls_refused', message, { cause, details: { reason } });
  if (FOREIGN.has(code)) {
    return refused(
      `The certificate of ${url.origin} was not issued by the certificate authority that this device trusts.`,
      'foreign_authority',
    );
  }
  if (code === 'CERT_HAS_EXPIRED') {
    return refused(
      `The certificate of ${url.origin} has expired, or the clock of this device is wrong.`,
      'expired',
    );
  }
  if (code === 'CERT_NOT_YET_VALID') {
    return refused(
      `The certificate of ${url.origin} is not valid yet, or the clock of this device is wrong.`,
      'not_yet_valid',
    );
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return refused(`The certificate of ${url.origin} was issued for another host name.`, 'other_host');
  }
  if (/^ERR_SSL_.*ALERT_CERTIFICATE_EXPIRED$/.test(code)) {
    return expiredDevice(url, cause);
  }
  if (/^ERR_SSL_.*ALERT/.test(code)) {
    return refused(`${url.origin} refuses the certificate of this device.`, 'device_certificate');
  }
  if (/^ERR_SSL_|^ERR_OSSL_|^EPROTO$/.test(code)) {
    return refused(`No secure connection to ${url.origin} could be made: ${cause.message}.`, 'protocol');
  }
  return undefined;
}

/** Some servers say no word about a certificate that has expired: they close the connection. */
function expiredDevice(url: URL, cause: Error): TransportError {
  const message = `${url.origin} refuses the certificate of this device, since it has expired: give the device new credentials, where [import] points or by provisioning it anew. Unless its clock is wrong.`;
  return new TransportError('tls_refused', message, { cause, details: { reason: 'device_certificate' } });
}

/** By the clock alone: it is about the words. */
function isExpired(certificate: string | undefined): boolean {
  return certificate !== undefined && new X509Certificate(certificate).validToDate.getTime() < Date.now();
}
