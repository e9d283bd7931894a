// Rules of ARCHITECTURE.md 4.3 that no import rule can state: SQL only in store.ts and migrations, our arrows in
// package.json, nothing outside tests imports a test, the inner order of packages/uptane.
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';

const SQL =
  /\b(?:selectFrom|insertInto|updateTable|deleteFrom)\(|\b(?:SELECT|INSERT INTO|UPDATE|DELETE FROM|CREATE TABLE)\s+[a-z_"*(]/;
const SQL_PLACES =
  /(?:\/store\.ts|\/[a-z-]+-store\.ts|\/migrations\.ts|\/platform\/(?:db|outbox|jobs)\/.*|\/platform\/vault\/.*|\/adapters\/storage\/.*|\.test\.ts|\/test\/.*)$/;

const ARROWS: Readonly<Record<string, readonly string[]>> = {
  'packages/uptane': [],
  'packages/contract': [],
  'packages/libaktualizr': ['uptane', 'contract'],
  'packages/testkit': ['uptane', 'contract'],
  'apps/aktualizr': ['uptane', 'contract', 'libaktualizr'],
  'apps/ota': ['contract'],
  'apps/server': ['uptane', 'contract'],
  'apps/conformance': ['uptane'],
};

const UPTANE_ORDER = [
  'errors',
  'identifiers',
  'time',
  'limits',
  'json',
  'hashes',
  'keys',
  'dialect',
  'metadata',
  'verify',
  'manifest',
  'build',
];

function sources(root: string): string[] {
  return globSync(['packages/*/src/**/*.ts', 'apps/*/src/**/*.ts'], { cwd: root }).map((file) =>
    file.replaceAll('\\', '/'),
  );
}

function importsOf(text: string): string[] {
  return [...text.matchAll(/from '([^']+)'/g)].map((match) => match[1] ?? '');
}

function misplacedSql(file: string, text: string): string[] {
  if (SQL_PLACES.test(file)) return [];
  const line = text
    .split('\n')
    .findIndex((content) => SQL.test(content) && !content.trimStart().startsWith('//'));
  return line < 0 ? [] : [`${file}:${line + 1} holds SQL: it belongs into store.ts or migrations.ts`];
}

function testImports(file: string, text: string): string[] {
  if (/\.test\.ts$|\.contract\.ts$|\/test\//.test(file) || file.startsWith('packages/testkit/')) return [];
  return importsOf(text)
    .filter((target) => /\.test\.ts$|\/test\/|@ota-connect\/testkit/.test(target))
    .map((target) => `${file} imports ${target}: nothing but a test imports tests`);
}

/** Inside uptane a room imports rooms before it, never after it. `manifest` and `build` stand side by side. */
function uptaneOrder(file: string, text: string): string[] {
  const base = 'packages/uptane/src/';
  if (!file.startsWith(base) || file === `${base}index.ts` || file.endsWith('.test.ts')) return [];
  const roomOf = (target: string): number =>
    UPTANE_ORDER.indexOf((target.slice(base.length).split('/')[0] ?? '').replace(/\.ts$/, ''));
  const own = roomOf(file);
  return importsOf(text)
    .filter((target) => target.startsWith('.'))
    .map((target) => path.posix.join(path.posix.dirname(file), target))
    .filter((target) => roomOf(target) > own)
    .map((target) => `${file} imports ${target}: the order inside uptane is ${UPTANE_ORDER.join(' < ')}`);
}

function foreignArrows(root: string): string[] {
  return Object.entries(ARROWS).flatMap(([folder, allowed]) => {
    const parsed: unknown = JSON.parse(readFileSync(path.join(root, folder, 'package.json'), 'utf8'));
    const dependencies = Object.keys(
      (parsed as { dependencies?: Record<string, string> }).dependencies ?? {},
    );
    return dependencies
      .filter(
        (name) => name.startsWith('@ota-connect/') && !allowed.includes(name.slice('@ota-connect/'.length)),
      )
      .map((name) => `${folder}/package.json depends on ${name}: not an arrow of ARCHITECTURE.md`);
  });
}

/** All violations, one sentence each. */
export function checkPlaces(root: string): string[] {
  const inFiles = sources(root).flatMap((file) => {
    const text = readFileSync(path.join(root, file), 'utf8');
    return [...misplacedSql(file, text), ...testImports(file, text), ...uptaneOrder(file, text)];
  });
  return [...inFiles, ...foreignArrows(root)];
}
