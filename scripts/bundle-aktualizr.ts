// One small file of JavaScript for the device: what is installed starts faster than what is read file by file.
import { build } from 'esbuild';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** Writes `aktualizr.mjs` (and what it loads only when needed) into `folder`; answers the file to start. */
export async function bundleAktualizr(folder: string): Promise<string> {
  await build({
    absWorkingDir: root,
    entryPoints: { aktualizr: 'apps/aktualizr/src/main.ts' },
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node26',
    minify: true,
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
  return path.join(folder, 'aktualizr.mjs');
}
