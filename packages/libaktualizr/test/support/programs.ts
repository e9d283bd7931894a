// Programs that stand in for those of the system: scripts in a folder that comes first on the PATH.
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type Programs = {
  readonly folder: string;
  /** `body`: shell. Answers the file. */
  write(name: string, body: string): string;
  /** What a program wrote below the folder; empty when nothing. */
  read(name: string): string;
  close(): void;
};

export function standIns(): Programs {
  const folder = mkdtempSync(join(tmpdir(), 'programs-'));
  const before = process.env.PATH ?? '';
  process.env.PATH = `${folder}:${before}`;
  return {
    folder,
    write(name, body) {
      const file = join(folder, name);
      writeFileSync(file, `#!/bin/sh\n${body}\n`);
      chmodSync(file, 0o755);
      return file;
    },
    read(name) {
      try {
        return readFileSync(join(folder, name), 'utf8');
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
        throw error;
      }
    },
    close() {
      process.env.PATH = before;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
