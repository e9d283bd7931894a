// Pulls one commit into the repository of a sysroot by the `ostree` program, over mutual TLS: first the commit alone, which
// may say how much is to come, then the rest, by whatever static deltas libostree finds. What an earlier pull left is used;
// a pull that stalls or is aborted is ended; libostree checks each object against its name. client-protocol 3.6.
import type { VerifiedTarget } from '@ota-connect/uptane';
import { InstallError, TransportError } from '../../errors.ts';
import type { FetchProgress, TlsCredentials } from '../../ports.ts';
import { pullFailure } from './ostree-failure.ts';
import { PullProgress } from './ostree-progress.ts';
import { REMOTE, withRemote } from './ostree-remote.ts';
import { makeRoom, neededSpace } from './ostree-space.ts';
import type { Sysroot } from './ostree-sysroot.ts';
import { withTunnel, type NetworkSettings } from './ostree-tunnel.ts';
import { watchPull, type StallLimit } from './watch-pull.ts';

export type PullOptions = {
  readonly sysroot: Sysroot;
  readonly credentials: () => TlsCredentials | undefined;
  readonly limit: StallLimit;
  readonly network: NetworkSettings;
};

export type Wanted = {
  readonly target: VerifiedTarget;
  readonly commit: string;
  /** The target's own, else that of the configuration. */
  readonly url: string;
  readonly onProgress: FetchProgress;
  readonly signal: AbortSignal;
};

/** Which hosts need no proxy is decided before (ostree-tunnel.ts). */
const NO_EXCEPTIONS = { no_proxy: '', NO_PROXY: '' };

/** @throws TransportError, InstallError (`no_space`, `install_failed`), MetadataError (`TargetHashMismatch`), StorageError (`io`) */
export async function pullCommit(options: PullOptions, wanted: Wanted): Promise<void> {
  const { sysroot, network } = options;
  const url = addressOf(wanted);
  const credentials = fileCredentials(options.credentials());
  await withTunnel(network, url, (proxy) =>
    withRemote(sysroot.repository, { url, credentials, ...(proxy === undefined ? {} : { proxy }) }, (view) =>
      pullInto(view, options, { ...wanted, url }),
    ),
  );
}

async function pullInto(view: string, options: PullOptions, wanted: Wanted): Promise<void> {
  const { sysroot } = options;
  const pull = (flags: readonly string[]) => runPull(options, wanted, { view, flags });
  await pull(['--commit-metadata-only']);
  const needed = await neededSpace(sysroot, wanted.commit);
  await makeRoom(sysroot, wanted.target.name, needed);
  try {
    await pull([]);
  } catch (error) {
    if (!(error instanceof InstallError) || error.code !== 'no_space') throw error;
    // What nobody deploys any more, and what this pull has brought: it starts over in the room there is then.
    await sysroot.prune();
    await pull([]);
  }
}

async function runPull(
  { sysroot, limit }: PullOptions,
  { target, commit, url, onProgress, signal }: Wanted,
  { view, flags }: { readonly view: string; readonly flags: readonly string[] },
): Promise<void> {
  const progress = new PullProgress();
  const stalled = new AbortController();
  let stop: () => void = () => undefined;
  const call = sysroot.repositoryCall(view, ['pull', '--verbose', ...flags, REMOTE, commit]);
  try {
    const { code, stderr } = await sysroot.run({
      ...call,
      env: NO_EXCEPTIONS,
      signal: AbortSignal.any([signal, stalled.signal]),
      onStart: (pid) => {
        const watched = { pid, fetched: () => progress.fetched, isWaiting: () => progress.isWaiting };
        stop = watchPull(watched, limit, () => stalled.abort(tooSlow(url, limit)));
      },
      onLine: (line) => {
        if (flags.length > 0 || !progress.take(line)) return;
        onProgress(progress.fetched, Math.max(progress.requested, 1), progress.text);
      },
    });
    if (code !== 0) throw pullFailure(stderr, { name: target.name, url });
  } finally {
    stop();
  }
  if (flags.length === 0) onProgress(1, 1, `Received ${progress.fetched} objects`);
}

/** Outside text that becomes a line of a configuration. */
function addressOf({ url, target }: Wanted): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol === 'https:') return parsed.href.replace(/\/$/, '');
  const message = `${target.name} cannot be pulled: ${url === '' ? 'there is no address (pacman.ostree_server)' : 'its address is not an https address'}.`;
  throw new TransportError('unreachable', message, { details: { reason: 'not_https' } });
}

/** libostree takes files alone. */
function fileCredentials(credentials: TlsCredentials | undefined): TlsCredentials {
  if (credentials === undefined) throw noCredentials('which this device does not have yet');
  if (credentials.keyInToken !== undefined) throw noCredentials('and its key is in a PKCS#11 token');
  return credentials;
}

function noCredentials(why: string): TransportError {
  const message = `An OSTree pull needs the certificate of the device and its key as files, ${why}.`;
  return new TransportError('tls_refused', message, { details: { reason: 'no_key_file' } });
}

function tooSlow(url: string, { minBytesPerSecond, windowMs }: StallLimit): TransportError {
  const message = `${new URL(url).origin} is too slow: below ${minBytesPerSecond} bytes a second for ${windowMs / 1000} s.`;
  return new TransportError('too_slow', message, { details: { attack: 'slow retrieval' } });
}
