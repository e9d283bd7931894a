// The device's commands as small files of JavaScript: what is installed starts faster than what is read file by file.
// One file a command, shared parts once, what a plain check does not need in files of its own. `packaging/device/start.js`
// loads them; they are CommonJS, since Node's loader of ES modules costs 10 ms of a short command.
import { build, transform, type Metafile, type Plugin } from 'esbuild';
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

/** A script may not wait at its top level as a module may: what follows the imports becomes a function that does. */
const waiting: Plugin = {
  name: 'waiting',
  setup: (building) => {
    building.onLoad({ filter: /aktualizr\/src\/(?:.*\/)?main\.ts$/ }, ({ path: file }) => {
      const text = readFileSync(file, 'utf8');
      const imports = text.match(IMPORTS) ?? [];
      const rest = text.replace(IMPORTS, '');
      return { loader: 'ts', contents: `${imports.join('\n')}\nvoid (async () => {\n${rest}\n})();` };
    });
  },
};

const IMPORTS = /^import\s[^;]*;$/gm;

/** Writes one file for each command (and what they share) into `folder`; answers the file to start: `node FILE COMMAND`. */
export async function bundleAktualizr(folder: string): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const { outputFiles, metafile } = await build({
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
    metafile: true,
    external: EXTERNAL,
    plugins: [waiting],
    logLevel: 'warning',
  });
  const together = neededAtOnce(metafile, 'aktualizr.js');
  const parts: string[] = [];
  for (const { path: file, text } of outputFiles) {
    const { code } = await transform(text, {
      format: 'cjs',
      platform: 'node',
      target: 'node26',
      minify: true,
      supported: { 'dynamic-import': false },
    });
    const name = path.basename(file);
    if (together.has(name))
      parts.push(`exports['${name}'] = function (exports, require, module) {${code}};\n`);
    else writeFileSync(file, code);
  }
  writeFileSync(path.join(folder, 'parts.js'), parts.join(''));
  for (const name of ['start.js', 'code-cache.js']) {
    copyFileSync(path.join(root, 'packaging/device', name), path.join(folder, name));
  }
  return path.join(folder, 'start.js');
}

/** What a command loads in any case is one file: twenty take 5 ms more to open. */
function neededAtOnce({ outputs }: Metafile, entry: string): ReadonlySet<string> {
  const byName = new Map(Object.entries(outputs).map(([file, output]) => [path.basename(file), output]));
  const found = new Set([entry]);
  for (const name of found) {
    for (const { kind, path: file } of byName.get(name)?.imports ?? []) {
      if (kind === 'import-statement' && byName.has(path.basename(file))) found.add(path.basename(file));
    }
  }
  return found;
}
