// The package manager `none`: images are plain files (image-files.ts). What is installed is what the installation log says;
// before the first update nothing is known. Same behaviour as the original's. client-protocol 5.1, 11.3.
import { hashesAgree, type EcuSerial, type VerifiedTarget } from '@ota-connect/uptane';
import type { InstallationStore, PackageManager } from '../../ports.ts';
import { InstallError } from '../../errors.ts';
import { installedPackages } from '../../device-data/installed-packages.ts';
import { createImageFiles, type ImageFilesOptions } from './image-files.ts';

export type NoneOptions = ImageFilesOptions & {
  /** pacman.packages_file */
  readonly packagesFile: string;
  readonly primary: EcuSerial;
  /** pacman.fake_need_reboot */
  readonly needsReboot: boolean;
  /** pacman.fake_fail_install */
  readonly failsInstall?: boolean;
  readonly installations: InstallationStore;
};

export function createNonePackageManager(options: NoneOptions): PackageManager {
  const files = createImageFiles(options);
  const current = () => options.installations.current(options.primary);
  return {
    name: 'none',
    simulatesReboot: options.needsReboot,
    verify: files.verify,
    found: files.found,
    async current() {
      return current();
    },
    async installedPackages() {
      return installedPackages(options.packagesFile);
    },
    async fetch(target, onProgress, signal, medium) {
      if (target.targetFormat === 'OSTREE') throw wrongFormat(target);
      return files.fetch(target, onProgress, signal, medium);
    },
    async install(target) {
      const now = current();
      if (now?.name === target.name && hashesAgree(now.hashes, target.hashes)) {
        return { success: true, code: 'ALREADY_PROCESSED', description: 'Package already installed' };
      }
      files.expectVerified(target);
      if (options.failsInstall === true) {
        return {
          success: false,
          code: 'INSTALL_FAILED',
          description: 'Simulated failure of the installation',
        };
      }
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
    async rollback() {
      // What is installed is what the log says, which still has the version before.
      return options.needsReboot
        ? { success: false, code: 'NEED_COMPLETION', description: 'Rolled back, need reboot' }
        : { success: true, code: 'OK', description: 'Rolled back' };
    },
  };
}

function wrongFormat(target: VerifiedTarget): InstallError {
  return new InstallError(
    'rejected_format',
    `${target.name} is an OSTree image; the package manager none takes files only.`,
  );
}
