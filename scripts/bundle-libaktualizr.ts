// `prepack` of packages/libaktualizr/npm: the library as it is published, JavaScript and declarations with our other packages
// inside; packages of others stay dependencies. `npm pack ./packages/libaktualizr/npm` makes libaktualizr-VERSION.tgz.
import { build } from 'esbuild';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildDeclarations } from './libaktualizr/declarations.ts';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const source = path.join(root, 'packages/libaktualizr');
const dist = path.join(source, 'npm/dist');

type Manifest = {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
};

const manifest = JSON.parse(readFileSync(path.join(source, 'npm/package.json'), 'utf8')) as Manifest;
const ours = JSON.parse(readFileSync(path.join(source, 'package.json'), 'utf8')) as Manifest;
expectSame(manifest, ours);
rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });
await bundle();
writeFileSync(path.join(dist, 'index.d.ts'), buildDeclarations().rolledUp);
copyFileSync(path.join(root, 'LICENSE'), path.join(dist, 'LICENSE'));

/** Two lists of the same things would drift apart. */
function expectSame(published: Manifest, internal: Manifest): void {
  const others = Object.entries(internal.dependencies).filter(([name]) => !name.startsWith('@ota-connect/'));
  const wanted = [internal.version, Object.fromEntries(others), internal.optionalDependencies];
  const found = [published.version, published.dependencies, published.optionalDependencies];
  if (JSON.stringify(found) !== JSON.stringify(wanted)) {
    throw new Error(
      'packages/libaktualizr/npm/package.json differs from packages/libaktualizr/package.json.',
    );
  }
}

async function bundle(): Promise<void> {
  const external = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies });
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: { index: path.join(source, 'src/index.ts') },
    outdir: dist,
    bundle: true,
    // What a plain check does not need stays in files of its own.
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node26',
    external,
    metafile: true,
    logLevel: 'warning',
  });
  const foreign = Object.keys(metafile.inputs).filter((file) => file.includes('node_modules/'));
  if (foreign.length > 0) throw new Error(`Not a dependency of the published package: ${foreign.join(', ')}`);
}
