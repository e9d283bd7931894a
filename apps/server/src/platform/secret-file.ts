// A file with a secret: readable by its owner alone from its first byte on, whole or not there, and never written through
// what stood under its name before, such as a link to a place of somebody else's choice.
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { newId } from './ids.ts';

export function writeSecretFile(path: string, text: string): void {
  const draft = `${path}.${newId()}`;
  try {
    writeFileSync(draft, text, { mode: 0o600, flag: 'wx', flush: true });
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
  flushFolder(dirname(path));
}

function flushFolder(folder: string): void {
  // Windows opens no folder and needs none opened.
  if (process.platform === 'win32') return;
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
