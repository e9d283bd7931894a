// A folder that lasts as long as one test.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

export function temporaryDirectory(test: Pick<TestContext, 'after'>): string {
  const directory = mkdtempSync(join(tmpdir(), 'aktualizr-'));
  test.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A recorded or prepared file of test/fixtures. */
export function fixture(name: string): string {
  return join(import.meta.dirname, 'fixtures', name);
}
