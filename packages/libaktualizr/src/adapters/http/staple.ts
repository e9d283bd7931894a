// network.use_oscp: a server has to bring a fresh OCSP answer for its certificate, signed by the certificate's issuer or by
// whom the issuer made its responder, which says that it is good. Without one nothing is asked. A resumed session was
// checked when it began. RFC 6960 sections 3.2 and 4.2.2; client-features ATG-03.
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import * as asn1js from 'asn1js';
import * as pkijs from 'pkijs';
import { TransportError } from '../../errors.ts';

const SUCCESSFUL = 0;
const GOOD = 0;
const REVOKED = 1;
const OCSP_SIGNING = '1.3.6.1.5.5.7.3.9';
const EXTENDED_KEY_USAGE = '2.5.29.37';
/** Clocks differ. */
const SKEW_MS = 300_000;

/** Resolves when the handshake is over and the answer is good. @throws TransportError `tls_refused` */
export function checkStaple(connection: Duplex): Promise<Duplex> {
  const socket = connection as TLSSocket;
  return new Promise((resolve, reject) => {
    let staple: Buffer | undefined;
    const fail = (error: Error): void => {
      socket.destroy();
      reject(error);
    };
    socket.once('OCSPResponse', (response: Buffer | null) => (staple = response ?? undefined));
    socket.once('error', fail);
    socket.once('close', () => fail(closedEarly()));
    socket.once('secureConnect', () => {
      // Whom nobody vouches for is refused as ever, by whoever gets the connection.
      if (!socket.authorized || socket.isSessionReused()) return resolve(socket);
      const { raw, issuerCertificate } = socket.getPeerCertificate(true);
      verify(staple, raw, issuerCertificate?.raw).then(() => resolve(socket), fail);
    });
  });
}

async function verify(staple: Buffer | undefined, leaf: Buffer, issuer: Buffer | undefined): Promise<void> {
  if (staple === undefined || issuer === undefined) {
    throw refused('brings no OCSP answer for its certificate', 'no_staple');
  }
  const answer = readAnswer(staple);
  const authority = pkijs.Certificate.fromBER(leafOf(issuer));
  const certificate = pkijs.Certificate.fromBER(leafOf(leaf));
  if (!(await isSigned(answer, authority))) {
    throw refused('brings an OCSP answer that its issuer did not sign', 'bad_staple');
  }
  const status = await answer.getCertificateStatus(certificate, authority);
  if (status.isForCertificate && status.status === REVOKED) {
    throw refused('has a certificate that was revoked', 'revoked');
  }
  if (!status.isForCertificate || status.status !== GOOD || !isFresh(answer)) {
    throw refused('brings an OCSP answer that is too old or not of its certificate', 'bad_staple');
  }
}

function readAnswer(staple: Buffer): pkijs.BasicOCSPResponse {
  try {
    const response = pkijs.OCSPResponse.fromBER(leafOf(staple));
    const bytes = response.responseBytes?.response.valueBlock.valueHexView;
    if (response.responseStatus.valueBlock.valueDec === SUCCESSFUL && bytes !== undefined) {
      return pkijs.BasicOCSPResponse.fromBER(new Uint8Array(bytes).buffer);
    }
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause;
    throw refused('brings an OCSP answer that cannot be read', 'bad_staple', cause);
  }
  throw refused('brings an OCSP answer that says nothing', 'bad_staple');
}

async function isSigned(answer: pkijs.BasicOCSPResponse, issuer: pkijs.Certificate): Promise<boolean> {
  if (await isSignedBy(answer, issuer)) return true;
  for (const responder of answer.certs ?? []) {
    const isAppointed = mayAnswer(responder) && isCurrent(responder) && (await responder.verify(issuer));
    if (isAppointed && (await isSignedBy(answer, responder))) return true;
  }
  return false;
}

async function isSignedBy(answer: pkijs.BasicOCSPResponse, signer: pkijs.Certificate): Promise<boolean> {
  const crypto = pkijs.getCrypto(true);
  try {
    const data = new Uint8Array(answer.tbsResponseData.tbsView).buffer;
    const { signature, signatureAlgorithm } = answer;
    return await crypto.verifyWithPublicKey(data, signature, signer.subjectPublicKeyInfo, signatureAlgorithm);
  } catch (error) {
    // A key of another kind than the signature.
    if (error instanceof Error) return false;
    throw error;
  }
}

function mayAnswer(certificate: pkijs.Certificate): boolean {
  const usage = certificate.extensions?.find(({ extnID }) => extnID === EXTENDED_KEY_USAGE)?.parsedValue;
  return usage instanceof pkijs.ExtKeyUsage && usage.keyPurposes.includes(OCSP_SIGNING);
}

function isCurrent({ notBefore, notAfter }: pkijs.Certificate): boolean {
  const now = Date.now();
  return notBefore.value.getTime() <= now + SKEW_MS && notAfter.value.getTime() >= now - SKEW_MS;
}

function isFresh(answer: pkijs.BasicOCSPResponse): boolean {
  const now = Date.now();
  return answer.tbsResponseData.responses.every(
    ({ thisUpdate, nextUpdate }) =>
      thisUpdate.getTime() <= now + SKEW_MS &&
      (nextUpdate === undefined || nextUpdate.getTime() >= now - SKEW_MS),
  );
}

function leafOf(der: Buffer): ArrayBuffer {
  const copy = new Uint8Array(der).buffer;
  if (asn1js.fromBER(copy).offset === -1) throw refused('brings what cannot be read', 'bad_staple');
  return copy;
}

function refused(what: string, reason: string, cause?: Error): TransportError {
  const message = `The server ${what}; network.use_oscp asks for one that is good.`;
  return new TransportError('tls_refused', message, {
    details: { reason },
    ...(cause === undefined ? {} : { cause }),
  });
}

function closedEarly(): TransportError {
  return new TransportError('unreachable', 'The server closed the connection during the handshake.');
}
