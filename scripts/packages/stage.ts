// A folder that becomes a package: files with the modes they are installed with, whatever the umask of who builds.
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

export type Mode = 0o644 | 0o755;

export class Stage {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
    this.makeFolder('.');
  }

  write(place: string, content: string | Uint8Array, mode: Mode = 0o644): void {
    const file = this.#prepare(place);
    writeFileSync(file, content);
    chmodSync(file, mode);
  }

  copy(place: string, source: string, mode: Mode = 0o644): void {
    const file = this.#prepare(place);
    copyFileSync(source, file);
    chmodSync(file, mode);
  }

  /** Compressed as `gzip -9n`: no name and no time in it. */
  gzip(place: string, content: string): void {
    this.write(place, gzipSync(content, { level: 9 }));
  }

  makeFolder(place: string): void {
    let folder = this.folder;
    for (const part of ['.', ...place.split('/')]) {
      folder = path.join(folder, part);
      mkdirSync(folder, { recursive: true });
      chmodSync(folder, 0o755);
    }
  }

  #prepare(place: string): string {
    this.makeFolder(path.dirname(place));
    return path.join(this.folder, place);
  }
}
