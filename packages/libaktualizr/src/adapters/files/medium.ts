// A removable medium that anybody may have written: names from metadata never leave its folder, no symbolic link is
// followed on the way, nothing but plain files is read, and no more of them than was asked for. client-protocol 12.1
import { closeSync, constants, fstatSync, openSync, readSync, realpathSync } from 'node:fs';
import { join, sep } from 'node:path';
import { MetadataError, type MetadataRequest, type MetadataSource } from '@ota-connect/uptane';
import { TransportError } from '../../errors.ts';
import type { Media, Medium } from '../../ports.ts';

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
const ABSENT: ReadonlySet<unknown> = new Set(['ENOENT', 'ENOTDIR']);

export const media: Media = { open: openMedium };

function openMedium(directory: string): Medium {
  const director = (fileName: string, maxBytes: number) =>
    readBelow(directory, ['metadata', 'director', fileName], maxBytes);
  const image = (fileName: string, maxBytes: number) =>
    readBelow(directory, ['metadata', 'image-repo', fileName], maxBytes);
  return {
    directorRoots: rootsOf(director),
    lockboxes: { fetch: async ({ fileName, maxBytes }) => director(fileName, maxBytes) },
    image: {
      fetch: async (request) => image(imageFileOf(request), request.maxBytes),
    },
    images: { directory, imagesDirectory: join(directory, 'images') },
  };
}

function rootsOf(read: (fileName: string, maxBytes: number) => Uint8Array | 'absent'): MetadataSource {
  return {
    fetch: async ({ role, version, maxBytes }) =>
      role === 'root' ? read(`${version}.root.json`, maxBytes) : 'absent',
  };
}

/** A delegated role has a name from outside. */
function imageFileOf({ role, version }: MetadataRequest): string {
  if (typeof role === 'object') return `${encodeURIComponent(role.delegation)}.json`;
  return role === 'root' ? `${version}.root.json` : `${role}.json`;
}

function readBelow(directory: string, path: readonly string[], maxBytes: number): Uint8Array | 'absent' {
  const opened = openBelow(directory, path);
  if (opened === 'absent') return opened;
  const { descriptor, lengthBytes } = opened;
  try {
    if (lengthBytes > maxBytes) {
      const message = `${path.at(-1)} on the medium is longer than ${maxBytes} bytes.`;
      throw new MetadataError('OversizedMetadata', message);
    }
    const bytes = new Uint8Array(lengthBytes);
    let read = 0;
    for (let more = -1; more !== 0 && read < lengthBytes; read += more)
      more = readSync(descriptor, bytes, read, lengthBytes - read, read);
    return bytes.subarray(0, read);
  } catch (error) {
    throw ofMedium(error, path);
  } finally {
    closeSync(descriptor);
  }
}

export type OpenedFile = { readonly descriptor: number; readonly lengthBytes: number };

/** A plain file below the folder. @throws TransportError `unreachable` when the medium cannot be read */
export function openBelow(directory: string, path: readonly string[]): OpenedFile | 'absent' {
  if (path.some((part) => part === '' || part === '.' || part === '..' || part.includes(sep)))
    return 'absent';
  try {
    const base = realpathSync(directory);
    const folder = join(base, ...path.slice(0, -1));
    if (realpathSync(folder) !== folder) return 'absent';
    const descriptor = openSync(join(folder, path.at(-1) ?? ''), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    const stat = fstatSync(descriptor);
    if (stat.isFile()) return { descriptor, lengthBytes: stat.size };
    closeSync(descriptor);
    return 'absent';
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    // A symbolic link is no file of the medium.
    if (ABSENT.has(code) || code === 'ELOOP' || code === 'ENXIO') return 'absent';
    throw ofMedium(error, path);
  }
}

/** What the medium does wrong may be over when it is inserted again. */
export function ofMedium(error: unknown, path: readonly string[]): unknown {
  if (!(error instanceof Error) || !('syscall' in error)) return error;
  const message = `The medium cannot be read: ${path.join('/')} (${'code' in error ? String(error.code) : 'unknown'}).`;
  return new TransportError('unreachable', message, { cause: error, details: { reason: 'medium' } });
}
