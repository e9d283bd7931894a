// What libostree and libcurl say when a pull fails, as one of our errors: whose fault it is decides whether it is tried
// again. The words stay in the sentence, cut short, without queries of addresses. client-features W-35.
import { MetadataError, quoted, type CodedError } from '@ota-connect/uptane';
import { InstallError, StorageError, TransportError } from '../../errors.ts';

const MAX_WORDS = 300;
const ADDRESS_USER = /(https?:\/\/)[^\s/@]*@/g;
const ADDRESS_QUERY = /(https?:\/\/[^\s?]*)\?\S*?(?=:?(?:\s|$))/g;

/** curl's numbers of TLS faults: the connection, the peer's certificate, ours, the file of authorities. */
const TLS_FAULTS: ReadonlySet<number> = new Set([35, 51, 53, 54, 58, 59, 60, 64, 66, 77, 80, 83, 90, 91]);
/** An answer that broke off. */
const BROKEN_OFF: ReadonlySet<number> = new Set([18, 52, 55, 56, 92]);
const TIMED_OUT = 28;

export type Pull = { readonly name: string; readonly url: string };

/** The last `error:` of what the program wrote. */
export function lastWords(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line.startsWith('error: '));
  const words = (lines.at(-1) ?? stderr.trim().split('\n').at(-1) ?? '').replace(/^error: /, '');
  return quoted(withoutSecrets(words), MAX_WORDS) || 'it did not say why';
}

/** Addresses may carry passwords and tokens. */
export function withoutSecrets(text: string): string {
  return text.replaceAll(ADDRESS_USER, '$1').replaceAll(ADDRESS_QUERY, '$1');
}

export function pullFailure(stderr: string, { name, url: address }: Pull): CodedError {
  const words = lastWords(stderr);
  const url = withoutSecrets(address);
  const about = `${name} could not be pulled from ${url}: ${words}.`;
  if (/^(?:.*: )?Corrupted \w+ object|Corrupted .*checksum/.test(words)) {
    const message = `What ${url} has of ${name} is not what was signed: ${words}.`;
    return new MetadataError('TargetHashMismatch', message, { details: { target: name } });
  }
  if (isNoSpace(words)) return new InstallError('no_space', `There is no space for ${name}: ${words}.`);
  const status = /\bHTTP (\d{3})\b/.exec(words)?.[1];
  if (status !== undefined)
    return new TransportError('http_status', about, { details: { status: Number(status) } });
  if (/Need more input/.test(words)) return new TransportError('truncated', about);
  const curl = /: \[(\d+)\] /.exec(words)?.[1];
  if (curl !== undefined) return connectionFailure(Number(curl), about);
  if (/Read-only file system|Input\/output error|Permission denied|Too many open files/.test(words))
    return new StorageError('io', about);
  return new InstallError('install_failed', about);
}

export function isNoSpace(words: string): boolean {
  return /No space left on device|min-free-space-\w+.* would be exceeded|Disk quota exceeded/.test(words);
}

function connectionFailure(curl: number, about: string): TransportError {
  if (TLS_FAULTS.has(curl)) return new TransportError('tls_refused', about);
  if (BROKEN_OFF.has(curl)) return new TransportError('truncated', about);
  if (curl === TIMED_OUT) return new TransportError('too_slow', about);
  return new TransportError('unreachable', about);
}
