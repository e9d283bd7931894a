// Images as plain files below pacman.images_path, as every package manager but ostree stores them: named by the upper-case
// hexadecimal of their first hash, the names of their targets in the storage, fetched, verified and found again.
// client-protocol 3.5; Uptane Standard #download_images_primary, #verify_image_primary.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createHasher, type Hashes, type VerifiedTarget } from '@ota-connect/uptane';
import type { ImageMedium, ImageStore, PackageManager } from '../../ports.ts';
import { InstallError } from '../../errors.ts';
import { onDisk, prepareImageDirectory, removeImage } from '../files/image-file.ts';
import { DiskSpace } from '../files/disk-space.ts';
import { readJournal, removeJournal } from '../files/journal.ts';
import { VerifiedFiles, type NewHasher } from '../files/verified-files.ts';
import type { HttpClient } from '../http/client.ts';
import { downloadFile, type Downloaded } from '../http/download.ts';
import type { OnPassedOver } from '../http/fall-back.ts';
import { askPlaces, imagePlaces, type AddressesOf } from './image-places.ts';

export type ImageFilesOptions = {
  readonly imagesPath: string;
  readonly addressesOf: AddressesOf;
  readonly onPassedOver?: OnPassedOver;
  readonly http: HttpClient;
  readonly images: ImageStore;
  /** Of this boot, so that a restarted process knows whether the kernel still has what it was given; unknown when absent. */
  readonly bootId?: string;
  /** uptane's when absent. */
  readonly newHasher?: NewHasher;
};

/** `fetch`, `verify` and `found` as PackageManager promises them. */
export type ImageFiles = Pick<PackageManager, 'fetch' | 'verify' | 'found'> & {
  /** Where the image is, or would be. @throws InstallError `rejected_format` without a hash */
  pathOf(target: VerifiedTarget): string;
  /** @throws InstallError `install_failed`, when the stored image is not the one any more that was verified */
  expectVerified(target: VerifiedTarget): void;
};

export function createImageFiles(options: ImageFilesOptions): ImageFiles {
  const { imagesPath } = options;
  const verified = new VerifiedFiles(options.newHasher);
  const space = new DiskSpace();
  const oneByOne = oneAtATime();
  const pathOf = ({ hashes }: VerifiedTarget) => join(imagesPath, imageFileName(hashes));
  const found = (target: VerifiedTarget) => verified.found(pathOf(target), target);
  return {
    pathOf,
    found,
    async fetch(target, onProgress, signal, medium) {
      const file = pathOf(target);
      prepareImageDirectory(imagesPath);
      return oneByOne(file, () =>
        onDisk(file, async () => {
          const state = await verified.verify(file, target);
          // Remembered before the first byte, so that clean-up and a later client know whose the partial file is.
          remember(options.images, target);
          if (state === 'verified') {
            removeJournal(file);
            return 'already_there';
          }
          // With a journal, single blocks of it can be told from the rest and fetched again.
          if (state === 'tampered' && readJournal(file) === undefined) removeImage(file);
          const fetching = { target, file, onProgress, signal };
          const stored =
            medium === undefined
              ? await fetchFrom(options, space, fetching)
              : await copyFrom(medium, options, { ...fetching, space });
          verified.remember(file, stored.stamp, stored.hashes);
          return 'fetched';
        }),
      );
    },
    async verify(target) {
      if (!existsSync(imagesPath)) return 'missing';
      prepareImageDirectory(imagesPath);
      return onDisk(pathOf(target), () => verified.verify(pathOf(target), target));
    },
    expectVerified(target) {
      if (found(target) === undefined) throw exchanged(target);
    },
  };
}

/** Where the original puts it: SHA-256 comes before SHA-512. */
export function imageFileName(hashes: Hashes): string {
  const first = hashes.sha256 ?? hashes.sha512;
  if (first === undefined)
    throw new InstallError('rejected_format', 'An image without a hash cannot be stored.');
  return first.toUpperCase();
}

/** Two names may have the same bytes: the second then finds what the first has fetched. */
function oneAtATime(): <T>(file: string, work: () => Promise<T>) => Promise<T> {
  const running = new Map<string, Promise<unknown>>();
  return async (file, work) => {
    const before = running.get(file) ?? Promise.resolve();
    const mine = before.then(work, work);
    running.set(file, mine);
    try {
      return await mine;
    } finally {
      if (running.get(file) === mine) running.delete(file);
    }
  };
}

type Fetch = {
  readonly target: VerifiedTarget;
  readonly file: string;
  readonly onProgress: Parameters<PackageManager['fetch']>[1];
  readonly signal: AbortSignal;
};

function fetchFrom(
  { newHasher = createHasher, bootId = '', http, onPassedOver, addressesOf }: ImageFilesOptions,
  space: DiskSpace,
  { target, file, onProgress, signal }: Fetch,
): Promise<Downloaded> {
  const places = imagePlaces(target, addressesOf);
  const { name, lengthBytes, hashes } = target;
  const download = { name, file, lengthBytes, hashes, onProgress, signal, newHasher, bootId, space };
  return askPlaces(places, (url) => downloadFile(http, { ...download, url }), onPassedOver);
}

async function copyFrom(
  medium: ImageMedium,
  { newHasher = createHasher, bootId = '' }: ImageFilesOptions,
  { target, ...fetching }: Fetch & { readonly space: DiskSpace },
): Promise<Downloaded> {
  const { mediumUrl, transferFrom } = await import('../files/medium-transfer.ts');
  const { name, lengthBytes, hashes } = target;
  const url = mediumUrl(medium, name);
  const transfer = transferFrom(medium, name);
  return downloadFile(transfer, { ...fetching, name, lengthBytes, hashes, url, newHasher, bootId });
}

function remember(images: ImageStore, target: VerifiedTarget): void {
  const name = imageFileName(target.hashes);
  if (images.fileName(target.name) !== name) images.saveFileName(target.name, name);
}

function exchanged({ name }: VerifiedTarget): InstallError {
  return new InstallError(
    'install_failed',
    `The stored image of ${name} is not the one any more that was verified; nothing was installed.`,
  );
}
