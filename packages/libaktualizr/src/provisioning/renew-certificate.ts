// The device renews its certificate before it ends: a new key, or the one in the token, certified by the server under the
// same name. The old identity stays in use until the new one is proven to open the gateway and is stored in one write, so
// a failure or a power cut at any moment leaves one that works. No failure stops what the device was about to do.
// client-features W-38; contract certificate-renewal.ts
import { createPublicKey, generateKeyPairSync, randomBytes, sign, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

import { CodedError } from '@ota-connect/uptane';

import type { Config } from '../config/config.ts';
import { ProvisioningError, TransportError } from '../errors.ts';
import type { Clock, Gateway, Storage, TlsCredentials } from '../ports.ts';
import type { Log } from '../steps/context.ts';
import { commonName } from './common-name.ts';

export type RenewalDeps = {
  readonly config: Pick<Config, 'provision' | 'tls'>;
  readonly storage: Pick<Storage, 'credentials' | 'time'> & { readonly flags: Flags };
  readonly clock: Pick<Clock, 'now'>;
  readonly gateway: Pick<Gateway, 'renewCertificate'>;
  /** A gateway that presents other credentials than the stored ones. */
  readonly gatewayAs: (credentials: TlsCredentials) => Pick<Gateway, 'attestedTime'>;
  /** Signs with the TLS key, when it is in a token. */
  readonly tokenSignature?: (message: Uint8Array) => Uint8Array;
  readonly log: Log;
};

type Flags = { get(name: string): string | undefined; set(name: string, value: string): void };

/** When the last renewal did not help for long (a short lifetime), in milliseconds since the epoch. */
const NOT_BEFORE = 'renewal_not_before';
const DAY_MS = 86_400_000;
const RETRY_MS = 3_600_000;

/** Answers what a device does before each operation; nothing and no network as long as the certificate lasts. */
export function createRenewal(deps: RenewalDeps): () => Promise<void> {
  let known: { readonly certificate: string; readonly notAfterMs: number } | undefined;
  let pausedUntilMs = 0;
  return async () => {
    const tls = deps.storage.credentials.tls();
    const { renewBeforeDays } = deps.config.provision;
    if (tls === undefined || renewBeforeDays === 0) return;
    if (known?.certificate !== tls.certificate) {
      known = { certificate: tls.certificate, notAfterMs: notAfterOf(tls.certificate) };
      deps.log('debug', describe(tls.certificate));
      pausedUntilMs = 0;
    }
    const now = nowOf(deps);
    const isPaused = isBefore(now, pausedUntilMs, RETRY_MS) || pausedUntilMs === Number.POSITIVE_INFINITY;
    if (known.notAfterMs - now > renewBeforeDays * DAY_MS || isPaused || isTooSoon(deps, now)) return;
    // Whatever comes of it: not again with the next poll.
    pausedUntilMs = now + RETRY_MS;
    if ((await attempt(deps, tls, known.notAfterMs)) === 'never') pausedUntilMs = Number.POSITIVE_INFINITY;
  };
}

async function attempt(
  deps: RenewalDeps,
  tls: TlsCredentials,
  notAfterMs: number,
): Promise<'done' | 'later' | 'never'> {
  const { log, config } = deps;
  const now = nowOf(deps);
  const ends = `The certificate of this device ${notAfterMs < now ? 'expired' : 'expires'} on ${dayOf(notAfterMs)}`;
  if (config.tls.certSource === 'pkcs11') {
    log('warning', `${ends}. It is in the token (tls.cert_source), where it has to be renewed by hand.`);
    return 'never';
  }
  try {
    const next = await renewed(deps, tls);
    if (next === undefined) {
      log('warning', `${ends}, and the server renews none: put new files where [import] points in time.`);
      return 'never';
    }
    store(deps, next);
    log(
      'info',
      `The certificate of this device was renewed; it is valid until ${dayOf(notAfterOf(next.certificate))}.`,
    );
    return 'done';
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    log('warning', `${ends} and could not be renewed: ${error.message}${adviceFor(notAfterMs < now)}`);
    return 'later';
  }
}

/** @throws TransportError, ProvisioningError `refused`, TokenError */
async function renewed(deps: RenewalDeps, tls: TlsCredentials): Promise<TlsCredentials | undefined> {
  const name = commonName(tls.certificate);
  if (name === undefined)
    throw new ProvisioningError('bad_credentials', 'The certificate of this device has no common name.');
  const { publicKey, privateKey, sign: signature } = keyFor(deps, tls);
  const { certificateRequest } = await import('./certificate-request.ts');
  const request = certificateRequest({ commonName: name, publicKey, sign: signature });
  const certificate = await deps.gateway.renewCertificate(request);
  if (certificate === undefined) return undefined;
  const next = { ...tls, certificate, privateKey };
  checkAnswer(next, tls, publicKey);
  await checkOpensTheGateway(deps, next);
  return next;
}

type RenewalKey = {
  readonly publicKey: KeyObject;
  /** PEM; empty for the one in the token. */
  readonly privateKey: string;
  readonly sign: (message: Uint8Array) => Uint8Array;
};

function keyFor({ tokenSignature }: RenewalDeps, tls: TlsCredentials): RenewalKey {
  if (tokenSignature !== undefined) {
    const { publicKey } = new X509Certificate(tls.certificate);
    return { publicKey, privateKey: '', sign: tokenSignature };
  }
  const made = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    publicKey: made.publicKey,
    privateKey: made.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    sign: (message) => new Uint8Array(sign('sha256', message, made.privateKey)),
  };
}

/** A certificate for another key or name would end the identity of this device. */
function checkAnswer(next: TlsCredentials, old: TlsCredentials, publicKey: KeyObject): void {
  let isOurs: boolean;
  try {
    const certified = createPublicKey(next.certificate);
    isOurs = certified.equals(publicKey) && commonName(next.certificate) === commonName(old.certificate);
  } catch (cause) {
    throw new ProvisioningError('refused', 'The server answered with something that is no certificate.', {
      cause,
    });
  }
  if (!isOurs)
    throw new ProvisioningError('refused', 'The server answered with the certificate of somebody else.');
  // The same end is fine: X.509 counts whole seconds, and one may be renewed within the second that it was issued in.
  if (notAfterOf(next.certificate) < notAfterOf(old.certificate))
    throw new ProvisioningError(
      'refused',
      'The certificate that the server sent ends before the present one.',
    );
}

/** Any answer but a refusal of this device shows that it does. */
async function checkOpensTheGateway({ gatewayAs }: RenewalDeps, next: TlsCredentials): Promise<void> {
  try {
    await gatewayAs(next).attestedTime(randomBytes(16).toString('hex'));
  } catch (cause) {
    if (!(cause instanceof TransportError) || cause.code !== 'http_status') throw cause;
    if (cause.details.status === 401 || cause.details.status === 403)
      throw new ProvisioningError(
        'refused',
        `The server does not take the new certificate: ${cause.message}`,
        { cause },
      );
  }
}

/** The new identity in one write; then when to think of it again, which costs one more renewal when it is lost. */
function store({ storage, clock, config }: RenewalDeps, next: TlsCredentials): void {
  const now = clock.now();
  const left = notAfterOf(next.certificate) - now;
  storage.credentials.saveTls(next);
  if (left <= config.provision.renewBeforeDays * DAY_MS)
    storage.flags.set(NOT_BEFORE, String(now + (left > 0 ? Math.floor(left / 2) : DAY_MS)));
}

function isTooSoon({ storage, config }: RenewalDeps, now: number): boolean {
  const notBefore = Number(storage.flags.get(NOT_BEFORE) ?? 0);
  return isBefore(now, notBefore, config.provision.renewBeforeDays * DAY_MS);
}

/** A moment that a clock of another time has set further ahead than any could be counts for nothing. */
function isBefore(now: number, moment: number, furthest: number): boolean {
  return now < moment && moment - now <= furthest;
}

function nowOf({ clock, storage }: RenewalDeps): number {
  return Math.max(clock.now(), (storage.time.verified() ?? 0) * 1000);
}

function notAfterOf(certificate: string): number {
  return new X509Certificate(certificate).validToDate.getTime();
}

/** On one line; names of several parts have one a line. client-features PRV-10 */
function describe(certificate: string): string {
  const { subject, issuer, validToDate } = new X509Certificate(certificate);
  const [to, by] = [subject, issuer].map((name) => name.replaceAll('\n', ', '));
  return `The certificate of this device: ${to}; issued by ${by}; valid until ${dayOf(validToDate.getTime())}.`;
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

function adviceFor(isExpired: boolean): string {
  return isExpired
    ? ' If the clock of this device is right, it needs new credentials: put them where [import] points, or delete the database in storage.path and provision it anew.'
    : '';
}
