// The device's commands as small files of JavaScript: what is installed starts faster than what is read file by file.
// One file a command, shared parts once, what a plain check does not need in files of its own. `packaging/device/start.js`
// loads them; they are CommonJS, since Node's loader of ES modules costs 10 ms of a short command.
import { build, transform, type Plugin } from 'esbuild';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const app = path.join(root, 'apps/aktualizr');

/** Native addons: they cannot be bundled and are packaged beside, for who needs them. */
const EXTERNAL = ['pkcs11js', 'abstract-socket', 'x11'];

/** The names of the device's commands, and the file that each starts in. */
export function deviceCommands(): ReadonlyMap<string, string> {
  const { bin } = JSON.parse(readFileSync(path.join(app, 'package.json'), 'utf8')) as {
    bin: Record<string, string>;
  };
  return new Map(
    Object.entries(bin).map(([name, file]) => {
      const bin = path.join(app, file);
      const [, entry] = /import\('([^']+)'\)/.exec(readFileSync(bin, 'utf8')) ?? [];
      if (entry === undefined) throw new Error(`${bin} does not say which file ${name} starts in`);
      return [name, path.resolve(path.dirname(bin), entry)];
    }),
  );
}

/** A function may not wait at its top level as a module may: the exit code is set when it is known. */
const exitCodes: Plugin = {
  name: 'exit-codes',
  setup: (building) => {
    building.onLoad({ filter: /aktualizr\/src\/(?:.*\/)?main\.ts$/ }, ({ path: file }) => ({
      loader: 'ts',
      contents: readFileSync(file, 'utf8')
        .replace(
          /^process\.exitCode = await (.+);$/m,
          'void ($1).then((code) => { process.exitCode = code; });',
        )
        .replace(/^await (.+);$/m, 'void ($1);'),
    }));
  },
};

/** Writes one file for each command (and what they share) into `folder`; answers the file to start: `node FILE COMMAND`. */
export async function bundleAktualizr(folder: string): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: Object.fromEntries(deviceCommands()),
    outdir: folder,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node26',
    minify: true,
    write: false,
    external: EXTERNAL,
    plugins: [exitCodes],
    logLevel: 'warning',
  });
  for (const { path: file, text } of outputFiles) {
    const { code } = await transform(text, {
      format: 'cjs',
      platform: 'node',
      target: 'node26',
      minify: true,
      supported: { 'dynamic-import': false },
    });
    writeFileSync(file, code);
  }
  for (const name of ['start.js', 'code-cache.js']) {
    copyFileSync(path.join(root, 'packaging/device', name), path.join(folder, name));
  }
  return path.join(folder, 'start.js');
}
