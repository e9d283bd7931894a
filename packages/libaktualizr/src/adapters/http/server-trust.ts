// Connections to servers whose certificate the clock does not let pass: the handshake is made without OpenSSL's verdict,
// then the whole chain is verified here (certificate-chain.ts) and its dates are judged by what this device knows of the
// time. Nothing is written to a connection before; sessions are never resumed. docs/adr/0021-certificates-and-the-time.md
import { once } from 'node:events';
import { checkServerIdentity, type PeerCertificate, type TLSSocket } from 'node:tls';
import { instantOfClock, MetadataError } from '@ota-connect/uptane';
import { TransportError } from '../../errors.ts';
import {
  judgeCertificate,
  settleUnattested,
  type Attestation,
  type Judgement,
  type SureOf,
  type Validity,
} from '../../time/judge-certificate.ts';
import { OF_DATES } from './trust-by-time.ts';

/** What is known of the time. `attest` asks the Director, and throws MetadataError when it can be asked and fails. */
export type ServerTime = {
  sureOf(): SureOf;
  attest(): Promise<Attestation>;
  /** How often the time was attested: what was judged before may be judged otherwise now. */
  attestations(): number;
};

export type Handshake = {
  /** Makes the connection, with OpenSSL's verdict set aside and no session to resume. */
  readonly connect: () => Promise<TLSSocket>;
  readonly host: string;
  /** PEM */
  readonly authorities: readonly string[];
  readonly time: ServerTime;
  /** For the question of what time it is, which nobody could answer else. */
  readonly isForTime: boolean;
  readonly timeoutMs: number;
};

/** Beside the name, for certificates that OpenSSL lets pass: what has ended by a time that is certain is refused. */
function refusesByTime(peer: PeerCertificate, time: ServerTime): Error | undefined {
  const known = time.sureOf();
  for (let one: PeerCertificate | undefined = peer; one !== undefined; one = issuerOf(one)) {
    const judged = judgeCertificate(validityOf(one), known);
    // What the clock alone contests has been judged by the clock.
    if (judged === 'expired' || judged === 'not_yet_valid') return datesError(judged);
  }
  return undefined;
}

/** As node:tls asks it, with the time beside the name. */
export function identityAndTime(time: ServerTime) {
  return (host: string, peer: PeerCertificate): Error | undefined =>
    checkServerIdentity(host, peer) ?? refusesByTime(peer, time);
}

/** A connection that holds. @throws Error with a code of node:tls, TransportError `too_slow`, `tls_refused` for the time */
export async function connectJudged(handshake: Handshake): Promise<TLSSocket> {
  const socket = await handshake.connect();
  // Between here and whoever uses it nobody else listens.
  socket.on('error', () => undefined);
  try {
    await secured(socket, handshake.timeoutMs);
    await judge(socket, handshake);
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

async function secured(socket: TLSSocket, timeoutMs: number): Promise<void> {
  if (!('secureConnecting' in socket) || socket.secureConnecting !== true) return;
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    await once(socket, 'secureConnect', { signal });
  } catch (cause) {
    if (!signal.aborted) throw cause;
    throw new TransportError('too_slow', 'The server does not end the TLS handshake.', { cause });
  }
}

async function judge(socket: TLSSocket, handshake: Handshake): Promise<void> {
  const { time, isForTime } = handshake;
  if (socket.isSessionReused()) throw withCode('CERT_UNTRUSTED', 'The session was resumed.');
  const { authorizationError } = socket;
  // The code, although its type says otherwise. OpenSSL reports the last error alone: all else is verified anew.
  if (!socket.authorized && !OF_DATES.has(authorizationError))
    throw withCode(String(authorizationError), 'The certificate of the server is refused.');
  const validities = await chainOf(socket, handshake);
  const judged = strictest(validities.map((one) => judgeCertificate(one, time.sureOf())));
  if (judged === 'expired') throw datesError(judged);
  // What was attested before a suspend counts on from there: whatever is new by it is asked about once more.
  if (judged === 'valid' || isForTime) return;
  const settled = await settle(validities, time);
  if (settled !== 'valid') throw datesError(settled);
}

async function chainOf(socket: TLSSocket, { authorities, host }: Handshake): Promise<readonly Validity[]> {
  const [{ X509Certificate }, { findChain }] = await Promise.all([
    import('node:crypto'),
    import('./certificate-chain.ts'),
  ]);
  const peer = socket.getPeerCertificate(true);
  const [leaf, ...others] = sentChain(peer).map(({ raw }) => new X509Certificate(raw));
  if (leaf === undefined) throw withCode('CERT_UNTRUSTED', 'The server shows no certificate.');
  const anchors = authorities.flatMap(certificatesOf).map((pem) => new X509Certificate(pem));
  return findChain({ leaf, peer, others, anchors, host }).map(({ validFromDate, validToDate }) => ({
    begins: instantOfClock(validFromDate.getTime()),
    ends: instantOfClock(validToDate.getTime()),
  }));
}

/** With the answer of whoever attests, or without one. */
async function settle(validities: readonly Validity[], time: ServerTime): Promise<Judgement> {
  const attestation = await attest(time);
  return strictest(
    validities.map((one) => {
      const judged = judgeCertificate(one, time.sureOf());
      if (judged !== 'contested' || attestation === 'attested') return judged;
      return settleUnattested(one, time.sureOf(), attestation);
    }),
  );
}

async function attest(time: ServerTime): Promise<Attestation> {
  try {
    return await time.attest();
  } catch (cause) {
    if (!(cause instanceof MetadataError)) throw cause;
    const message = `The clock of this device and the certificate of the server contradict each other, and what time it is could not be found out (${cause.wireCode}). Set the clock, or wait until it is.`;
    throw new TransportError('tls_refused', message, { cause, details: { reason: 'TimeUntrusted' } });
  }
}

function strictest(judgements: readonly Judgement[]): Judgement {
  const order = ['expired', 'not_yet_valid', 'contested'] as const;
  return order.find((one) => judgements.includes(one)) ?? 'valid';
}

/** From the leaf on; a self-signed one is its own issuer. */
function sentChain(peer: PeerCertificate): readonly PeerCertificate[] {
  const chain: PeerCertificate[] = [];
  for (let one: PeerCertificate | undefined = peer; one?.raw !== undefined; one = issuerOf(one))
    chain.push(one);
  return chain;
}

function issuerOf(one: PeerCertificate): PeerCertificate | undefined {
  const issuer =
    'issuerCertificate' in one ? (one.issuerCertificate as PeerCertificate | undefined) : undefined;
  return issuer === one ? undefined : issuer;
}

function validityOf({ valid_from: from, valid_to: to }: PeerCertificate): Validity {
  return { begins: instantOfClock(Date.parse(from)), ends: instantOfClock(Date.parse(to)) };
}

function certificatesOf(pem: string): readonly string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
}

function datesError(judged: Exclude<Judgement, 'valid'>): Error {
  return judged === 'expired'
    ? withCode('CERT_HAS_EXPIRED', 'The certificate has expired.')
    : withCode('CERT_NOT_YET_VALID', 'The certificate is not valid yet.');
}

function withCode(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
