// Writes every published state of a simulator to a folder, to be read after a test failed: one folder per repository
// and state, files by their names.
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { RepositorySimulator } from './repository-simulator.ts';

export async function dumpSimulator(simulator: RepositorySimulator, folder: string): Promise<void> {
  for (const repository of [simulator.director, simulator.image]) {
    for (const [index, state] of repository.history.entries()) {
      await dumpState(join(folder, repository.name, String(index)), state);
    }
  }
}

async function dumpState(folder: string, state: ReadonlyMap<string, Uint8Array>): Promise<void> {
  for (const [path, bytes] of state) {
    // Role names are percent-encoded in paths: none of them leaves the folder.
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, bytes);
  }
}
