// The images below pacman.images_path that the storage has a name for: listed, read as a stream, removed. Whether an image is
// whole and right is the package manager's to say. client-features API-18.
import { createReadStream, existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { StorageError } from '../../errors.ts';
import type { ImageStore, StoredImages } from '../../ports.ts';
import { removeImage } from './image-file.ts';
import { removeJournal } from './journal.ts';

/** Large pieces: an image goes to a Secondary or to the application, not through a terminal. */
const PIECE_BYTES = 256 * 1024;
/** What is ours to remove: an image by its hash, or what belongs to one. */
const IMAGE = /^([0-9A-F]{64}|[0-9A-F]{128})(?:\.journal)?$/;

export function createStoredImages(imagesPath: string, images: ImageStore): StoredImages {
  const fileOf = (targetName: string): string | undefined => {
    const name = images.fileName(targetName);
    return name === undefined ? undefined : join(imagesPath, name);
  };
  return {
    all: () =>
      images.all().flatMap(({ targetName, fileName }) => {
        const lengthBytes = lengthOf(join(imagesPath, fileName));
        return lengthBytes === undefined ? [] : [{ name: targetName, lengthBytes }];
      }),
    open: (targetName, offset = 0) => {
      const file = fileOf(targetName);
      return file === undefined || lengthOf(file) === undefined ? undefined : pieces(file, offset);
    },
    remove: (targetName) => {
      const file = fileOf(targetName);
      if (file === undefined) return false;
      removeImage(file);
      removeJournal(file);
      images.remove(targetName);
      return true;
    },
    keepOnly: (wanted) => {
      const names = new Set(
        wanted.flatMap(({ sha256, sha512 }) => [sha256, sha512]).map((hash) => hash?.toUpperCase()),
      );
      const removed = filesOf(imagesPath).filter(
        (name) => IMAGE.test(name) && !names.has(IMAGE.exec(name)?.[1]),
      );
      for (const name of removed) removeImage(join(imagesPath, name));
      for (const { targetName, fileName } of images.all())
        if (removed.includes(fileName)) images.remove(targetName);
      return removed.filter((name) => !name.includes('.'));
    },
  };
}

function filesOf(directory: string): readonly string[] {
  return existsSync(directory) ? readdirSync(directory) : [];
}

function lengthOf(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.size;
}

async function* pieces(file: string, start: number): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* createReadStream(file, { start, highWaterMark: PIECE_BYTES }) as AsyncIterable<Uint8Array>;
  } catch (cause) {
    const message = `The stored image ${file} cannot be read.`;
    throw new StorageError('io', message, { cause, details: { file } });
  }
}
