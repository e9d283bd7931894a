// The titles of all tests, as node:test would report them, without running one: the files are imported with a recorder
// in place of `node:test`, so that titles made in loops and from lists of attacks are there too.
import { globSync } from 'node:fs';
import { registerHooks } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { recordFor, type TestTitle } from './recorded-test.ts';

const PATTERNS = ['packages/*/{src,test}/**/*.test.ts', 'apps/*/{src,test}/**/*.test.ts', 'e2e/*.test.ts'];

const RECORDER = new URL('recorded-test.ts', import.meta.url).href;

/** In the order of files and of tests in them. */
export async function collectTitles(root: string, patterns = PATTERNS): Promise<readonly TestTitle[]> {
  const hooks = registerHooks({
    resolve: (specifier, context, next) =>
      specifier === 'node:test' ? { url: RECORDER, shortCircuit: true } : next(specifier, context),
  });
  const before = recordFor('').length;
  try {
    const files = patterns.flatMap((pattern) => globSync(pattern, { cwd: root })).sort();
    for (const file of files) {
      recordFor(file.replaceAll('\\', '/'));
      await import(pathToFileURL(path.join(root, file)).href);
    }
  } finally {
    hooks.deregister();
  }
  return recordFor('').slice(before);
}
