import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StorageError } from '../../errors.ts';
import { prepareImageDirectory } from './image-file.ts';

describe('directory of images', () => {
  it('is refused, when it belongs to another user, who could exchange what lies there', (test) => {
    const directory = mkdtempSync(join(tmpdir(), 'images-'));
    test.after(() => rmSync(directory, { recursive: true }));
    const isRoot = process.geteuid?.() === 0;
    if (isRoot) chownSync(directory, 1, 1);
    // The root of the file system is somebody else's for everybody but root.
    assert.throws(
      () => prepareImageDirectory(isRoot ? directory : '/'),
      (error: unknown) =>
        error instanceof StorageError &&
        error.code === 'unsafe_directory' &&
        /belongs to another user \(\d+\).*run "chown \d+ /.test(error.message),
    );
  });
});
