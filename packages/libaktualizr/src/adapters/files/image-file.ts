// The files of images are this user's alone: whoever else could write to one could exchange what was verified. The
// directory is closed to other writers; a symbolic link, a file of somebody else or one that others may write to is no
// image, and is replaced by a new file when there is one to store. Uptane Standard #verify_image_primary.
import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  rmSync,
  statSync,
  type BigIntStats,
} from 'node:fs';
import { StorageError } from '../../errors.ts';

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR } = constants;
const OTHERS_WRITE = 0o022;
const PERMISSIONS = 0o7777;
/** Symbolic link; not permitted; pipes and sockets without another end; a directory. */
const NO_IMAGE = new Set(['ELOOP', 'EMLINK', 'EACCES', 'EPERM', 'ENXIO', 'EISDIR']);

/** While nobody else can write to a file, equal stamps mean equal content. */
export type FileStamp = Pick<BigIntStats, 'dev' | 'ino' | 'size' | 'mtimeNs' | 'ctimeNs'>;

/** @throws StorageError `unsafe_directory` for the directory of another user, `io` */
export function prepareImageDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const { mode, uid } = statSync(directory);
    const user = process.geteuid?.();
    if (user === undefined) return;
    if (uid !== user) throw foreign(directory, uid, user);
    // What lies there already is hashed before it is used, so that closing it is enough.
    if ((mode & OTHERS_WRITE) !== 0) chmodSync(directory, mode & PERMISSIONS & ~OTHERS_WRITE);
  } catch (cause) {
    if (cause instanceof StorageError) throw cause;
    const message = `The directory ${directory} for images cannot be made or used.`;
    throw new StorageError('io', message, { cause, details: { file: directory } });
  }
}

/** A descriptor; `unsafe`: something lies there that is no image of ours. */
export function openImage(file: string): number | 'missing' | 'unsafe' {
  return open(file, O_RDONLY);
}

/** A descriptor for writing and reading, of the file that is there or of a new one in its place. */
export function openImageForWriting(file: string): number {
  const found = open(file, O_RDWR);
  if (typeof found === 'number') return found;
  if (found === 'unsafe') removeImage(file);
  return openSync(file, O_RDWR | O_CREAT | O_EXCL, 0o600);
}

/** What the file system refuses is said as StorageError `io`, which may mend itself. */
export async function onDisk<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof Error) || !('syscall' in cause) || !('code' in cause)) throw cause;
    const message = `The image ${file} cannot be read or written: ${String(cause.code)}.`;
    throw new StorageError('io', message, { cause, details: { file } });
  }
}

export function removeImage(file: string): void {
  rmSync(file, { force: true, recursive: true });
}

export function stampOf(descriptor: number): FileStamp {
  const { dev, ino, size, mtimeNs, ctimeNs } = fstatSync(descriptor, { bigint: true });
  return { dev, ino, size, mtimeNs, ctimeNs };
}

export function isSameStamp(a: FileStamp, b: FileStamp): boolean {
  return (
    a.dev === b.dev &&
    a.ino === b.ino &&
    a.size === b.size &&
    a.mtimeNs === b.mtimeNs &&
    a.ctimeNs === b.ctimeNs
  );
}

function open(file: string, flags: number): number | 'missing' | 'unsafe' {
  let descriptor: number;
  try {
    // Without O_NONBLOCK somebody's pipe would hold the device up.
    descriptor = openSync(file, flags | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'ENOENT') return 'missing';
    if (NO_IMAGE.has(code)) return 'unsafe';
    throw error;
  }
  if (isOursAlone(descriptor)) return descriptor;
  closeSync(descriptor);
  return 'unsafe';
}

function isOursAlone(descriptor: number): boolean {
  const stat = fstatSync(descriptor);
  const user = process.geteuid?.();
  if (!stat.isFile() || user === undefined) return stat.isFile();
  return stat.uid === user && (stat.mode & OTHERS_WRITE) === 0;
}

function foreign(directory: string, uid: number, user: number): StorageError {
  const message = `${directory} belongs to another user (${uid}), who could exchange images there: run "chown ${user} ${directory}" after checking who has been there, or name another directory in pacman.images_path.`;
  return new StorageError('unsafe_directory', message, { details: { file: directory } });
}
