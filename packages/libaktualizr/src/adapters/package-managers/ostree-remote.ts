// A view of the repository that knows the server and has the device's credentials, for one pull: a private directory whose
// entries lead into the repository, beside a configuration of its own. Nothing is written to /etc nor to the repository's
// configuration, and nothing of it is left when the pull ends; what a killed process left goes before the next.
// client-protocol 3.6; client-features W-36.
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { sha256Hex } from '@ota-connect/uptane';
import { StorageError } from '../../errors.ts';
import type { TlsCredentials } from '../../ports.ts';

/** The original's name for it. */
export const REMOTE = 'aktualizr-remote';
const LOCK = '.lock';

export type Remote = {
  /** https, without blanks. */
  readonly url: string;
  readonly credentials: TlsCredentials & { readonly privateKey: string };
  /** http://HOST:PORT of a proxy without a password. */
  readonly proxy?: string;
};

/** @throws StorageError `io` */
export async function withRemote<T>(
  repository: string,
  remote: Remote,
  work: (view: string) => Promise<T>,
): Promise<T> {
  const prefix = join(privatePlace(), prefixOf(repository));
  removeLeftovers(prefix);
  const view = makeView(repository, remote, prefix);
  try {
    return await work(view);
  } finally {
    rmSync(view, { recursive: true, force: true });
  }
}

/** Views of one repository are found again, and those of another left alone. */
function prefixOf(repository: string): string {
  return `aktualizr-ostree-${sha256Hex(new TextEncoder().encode(repository)).slice(0, 12)}-`;
}

function makeView(repository: string, remote: Remote, prefix: string): string {
  let view: string | undefined;
  try {
    view = mkdtempSync(prefix);
    // A lock of the view alone would let somebody prune while we pull.
    if (!existsSync(join(repository, LOCK))) closeSync(openSync(join(repository, LOCK), 'a', 0o640));
    for (const entry of readdirSync(repository)) {
      if (entry !== 'config') symlinkSync(join(repository, entry), join(view, entry));
    }
    writeFileSync(
      join(view, 'config'),
      configOf(readFileSync(join(repository, 'config'), 'utf8'), remote, view),
      PRIVATE,
    );
    writeFileSync(join(view, 'client.pem'), remote.credentials.certificate, PRIVATE);
    writeFileSync(join(view, 'pkey.pem'), remote.credentials.privateKey, PRIVATE);
    writeFileSync(join(view, 'root.crt'), remote.credentials.ca, PRIVATE);
    return view;
  } catch (cause) {
    if (view !== undefined) rmSync(view, { recursive: true, force: true });
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new StorageError(
      'io',
      `The OSTree repository ${repository} cannot be written to, or ${dirname(prefix)} cannot: ${why}.`,
      { cause, details: { file: repository } },
    );
  }
}

const PRIVATE = { mode: 0o600, flag: 'wx' } as const;

/** The repository's own settings hold for the pull too; an older remote of this name does not. */
function configOf(own: string, { url, proxy }: Remote, view: string): string {
  const settings = [
    `url=${url}`,
    'gpg-verify=false',
    'gpg-verify-summary=false',
    `tls-client-cert-path=${view}/client.pem`,
    `tls-client-key-path=${view}/pkey.pem`,
    `tls-ca-path=${view}/root.crt`,
    ...(proxy === undefined ? [] : [`proxy=${proxy}`]),
  ];
  return `${withoutRemote(own)}\n[remote "${REMOTE}"]\n${settings.join('\n')}\n`;
}

function withoutRemote(config: string): string {
  let isOurs = false;
  const kept = config.split('\n').filter((line) => {
    if (line.trimStart().startsWith('[')) isOurs = line.trim() === `[remote "${REMOTE}"]`;
    return !isOurs;
  });
  return kept.join('\n');
}

/** In memory where the system has such a place, and gone with the next boot. */
function privatePlace(): string {
  const { RUNTIME_DIRECTORY } = process.env;
  const places = [RUNTIME_DIRECTORY?.split(':', 1)[0], '/run', '/dev/shm'];
  return places.find((place) => place !== undefined && isWritable(place)) ?? tmpdir();
}

function isWritable(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK | constants.X_OK);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error) return false;
    throw error;
  }
}

function removeLeftovers(prefix: string): void {
  for (const entry of readdirSync(dirname(prefix))) {
    if (!entry.startsWith(basename(prefix))) continue;
    rmSync(join(dirname(prefix), entry), { recursive: true, force: true });
  }
}
