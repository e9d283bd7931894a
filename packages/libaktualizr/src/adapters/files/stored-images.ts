// The images below pacman.images_path that the storage has a name for: listed, read as a stream, removed. Whether an image is
// whole and right is the package manager's to say. client-features API-18.
import { createReadStream, statSync } from 'node:fs';
import { join } from 'node:path';
import { StorageError } from '../../errors.ts';
import type { ImageStore, StoredImages } from '../../ports.ts';
import { removeImage } from './image-file.ts';

/** Large pieces: an image goes to a Secondary or to the application, not through a terminal. */
const PIECE_BYTES = 256 * 1024;

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
      images.remove(targetName);
      return true;
    },
  };
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
