// The package manager `none`: images are plain files below pacman.images_path, named by the upper-case hexadecimal of
// their first hash, with the names of their targets in the storage. What is installed is what the installation log says;
// before the first update nothing is known. Same behaviour as the original's. client-protocol 3.5, 5.1, 11.3.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  createHasher,
  hashesAgree,
  type EcuSerial,
  type Hashes,
  type VerifiedTarget,
} from '@ota-connect/uptane';
import type { EtagStore, FetchProgress, ImageStore, InstallationStore, PackageManager } from '../../ports.ts';
import { InstallError } from '../../errors.ts';
import { installedPackages } from '../../device-data/installed-packages.ts';
import { prepareImageDirectory, removeImage } from '../files/image-file.ts';
import { VerifiedFiles, type NewHasher } from '../files/verified-files.ts';
import type { HttpClient } from '../http/client.ts';
import { downloadFile } from '../http/download.ts';
import type { OnPassedOver } from '../http/fall-back.ts';
import { askPlaces, imagePlaces, type AddressesOf } from './image-places.ts';

export type NoneOptions = {
  readonly imagesPath: string;
  /** pacman.packages_file */
  readonly packagesFile: string;
  readonly addressesOf: AddressesOf;
  readonly onPassedOver?: OnPassedOver;
  readonly primary: EcuSerial;
  readonly needsReboot: boolean;
  readonly http: HttpClient;
  readonly images: ImageStore;
  readonly etags: EtagStore;
  readonly installations: InstallationStore;
  /** uptane's when absent. */
  readonly newHasher?: NewHasher;
};

export function createNonePackageManager(options: NoneOptions): PackageManager {
  const verified = new VerifiedFiles(options.newHasher);
  const fileOf = ({ hashes }: VerifiedTarget) => join(options.imagesPath, imageFileName(hashes));
  const current = () => options.installations.current(options.primary);
  return {
    name: 'none',
    async current() {
      return current();
    },
    async installedPackages() {
      return installedPackages(options.packagesFile);
    },
    async fetch(target, onProgress, signal) {
      return fetchImage(options, verified, { target, file: fileOf(target), onProgress, signal });
    },
    async verify(target) {
      if (!existsSync(options.imagesPath)) return 'missing';
      prepareImageDirectory(options.imagesPath);
      return verified.verify(fileOf(target), target);
    },
    found: (target) => verified.found(fileOf(target), target),
    async install(target) {
      const now = current();
      if (now?.name === target.name && hashesAgree(now.hashes, target.hashes)) {
        return { success: true, code: 'ALREADY_PROCESSED', description: 'Package already installed' };
      }
      if (verified.found(fileOf(target), target) === undefined) throw exchanged(target);
      if (options.needsReboot) {
        return {
          success: false,
          code: 'NEED_COMPLETION',
          description: 'Application successful, need reboot',
        };
      }
      return { success: true, code: 'OK', description: 'Installing package was successful' };
    },
    async finalize() {
      return { success: true, code: 'OK', description: 'Installing fake package was successful' };
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

type Fetch = {
  readonly target: VerifiedTarget;
  readonly file: string;
  readonly onProgress: FetchProgress;
  readonly signal: AbortSignal;
};

async function fetchImage(
  options: NoneOptions,
  verified: VerifiedFiles,
  { target, file, onProgress, signal }: Fetch,
): Promise<'fetched' | 'already_there'> {
  if (target.targetFormat === 'OSTREE') throw wrongFormat(target);
  prepareImageDirectory(options.imagesPath);
  const found = await verified.verify(file, target);
  // Remembered before the first byte, so that clean-up and a later client know whose the partial file is.
  remember(options.images, target);
  if (found === 'verified') return 'already_there';
  const places = imagePlaces(target, options.addressesOf);
  if (found === 'tampered') removeImage(file);
  const { name, lengthBytes, hashes } = target;
  const { newHasher = createHasher, http, etags } = options;
  const download = { name, file, lengthBytes, hashes, onProgress, signal, newHasher };
  const stored = await askPlaces(
    places,
    (url) => downloadFile(http, etags, { ...download, url }),
    options.onPassedOver,
  );
  verified.remember(file, stored.stamp, stored.hashes);
  return 'fetched';
}

function remember(images: ImageStore, target: VerifiedTarget): void {
  const name = imageFileName(target.hashes);
  if (images.fileName(target.name) !== name) images.saveFileName(target.name, name);
}

function wrongFormat(target: VerifiedTarget): InstallError {
  return new InstallError(
    'rejected_format',
    `${target.name} is an OSTree image; the package manager none takes files only.`,
  );
}

function exchanged({ name }: VerifiedTarget): InstallError {
  return new InstallError(
    'install_failed',
    `The stored image of ${name} is not the one any more that was verified; nothing was installed.`,
  );
}
