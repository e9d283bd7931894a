// credentials.zip: the gateway's URL, the shared TLS identity and the server's CA. Once a device has its own identity the
// shared key is taken out of the archive on disk, in one atomic replacement. client-protocol 3.1, 9.
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

import { unzipSync, zipSync } from 'fflate';

import { ProvisioningError } from '../errors.ts';

export type CredentialsArchive = {
  readonly gatewayUrl: string;
  /** Absent once it was taken out. */
  readonly sharedIdentity: Uint8Array | undefined;
  /** PEM; the community edition's archives carry it. */
  readonly serverCa: string | undefined;
};

const GATEWAY_URL = 'autoprov.url';
const SHARED_IDENTITY = 'autoprov_credentials.p12';
const SERVER_CA = 'server_ca.pem';
/** What the original removes: the shared key and the developer's access to treehub. */
const REMOVED: readonly string[] = [SHARED_IDENTITY, 'treehub.json'];
const MAX_ARCHIVE_BYTES = 16 * 1024 * 1024;
const MAX_MEMBER_BYTES = 4 * 1024 * 1024;

/** Throws ProvisioningError 'bad_credentials' with one sentence that names the archive. */
export function readCredentialsArchive(file: string): CredentialsArchive {
  const members = unzip(file, readFile(file));
  const url = text(members.get(GATEWAY_URL))?.trim();
  if (!url) throw refuse(file, `holds no ${GATEWAY_URL}, so it names no server`);
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url))
    throw refuse(file, `names a server that is no URL (${GATEWAY_URL})`);
  return {
    gatewayUrl: url,
    sharedIdentity: members.get(SHARED_IDENTITY),
    serverCa: text(members.get(SERVER_CA)),
  };
}

/**
 * 'read_only': the archive lies where this process cannot write, or is no archive any more, so there is nothing to do
 * about it. 'later': the attempt failed (a full disk) and is worth another. A device with its own identity works either way.
 */
export function removeSharedIdentity(file: string): 'removed' | 'read_only' | 'later' {
  if (!existsSync(file)) return 'removed';
  try {
    const members = unzip(file, readFile(file));
    if (!REMOVED.some((name) => members.has(name))) return 'removed';
    const kept = [...members].filter(([name]) => !REMOVED.includes(name));
    replaceFile(file, zipSync(Object.fromEntries(kept)));
    return 'removed';
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    return reason === 'ENOSPC' || reason === 'EDQUOT' || reason === 'EIO' ? 'later' : 'read_only';
  }
}

function readFile(file: string): Uint8Array {
  try {
    if (statSync(file).size > MAX_ARCHIVE_BYTES)
      throw refuse(file, 'is far too large for a credentials archive');
    return readFileSync(file);
  } catch (cause) {
    if (cause instanceof ProvisioningError) throw cause;
    const missing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    throw refuse(file, missing ? 'does not exist (provision.provision_path)' : 'cannot be read', cause);
  }
}

function unzip(file: string, bytes: Uint8Array): ReadonlyMap<string, Uint8Array> {
  try {
    return new Map(
      Object.entries(
        unzipSync(bytes, {
          filter: ({ originalSize }) => {
            if (originalSize > MAX_MEMBER_BYTES) throw refuse(file, 'holds a member that is far too large');
            return true;
          },
        }),
      ),
    );
  } catch (cause) {
    if (cause instanceof ProvisioningError) throw cause;
    throw refuse(file, 'is damaged or no zip archive', cause);
  }
}

function replaceFile(file: string, bytes: Uint8Array): void {
  const next = `${file}.${process.pid}.tmp`;
  try {
    const descriptor = openSync(next, 'w', 0o600);
    try {
      writeSync(descriptor, bytes);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    chmodSync(next, statSync(file).mode & 0o777);
    renameSync(next, file);
  } catch (cause) {
    rmSync(next, { force: true });
    throw cause;
  }
  const directory = openSync(dirname(file), 'r');
  fsyncSync(directory);
  closeSync(directory);
}

function text(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : Buffer.from(bytes).toString('utf8');
}

function refuse(file: string, what: string, cause?: unknown): ProvisioningError {
  return new ProvisioningError('bad_credentials', `The credentials archive ${file} ${what}.`, {
    cause,
    details: { file },
  });
}
