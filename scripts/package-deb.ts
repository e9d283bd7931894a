// `npm run package:deb`: bundles the device's commands and builds the Debian packages and the archive for Yocto into
// dist/. The same sources give the same bytes (SOURCE_DATE_EPOCH, else the time of the last commit).
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { bundleAktualizr } from './bundle-aktualizr.ts';
import { buildDeb, type Compression } from './packages/build-deb.ts';
import { definitions, type Build } from './packages/definitions.ts';
import { buildSourceArchives } from './packages/source-archives.ts';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const KIBI = 1024;
const ARCHITECTURES = { x64: 'amd64', arm64: 'arm64' } as const;

export type PackageOptions = {
  readonly out: string;
  /** How Node.js names the processor: x64 or arm64. Another than this machine's needs its node-linux-ARCH installed. */
  readonly arch?: string;
  readonly compression?: Compression;
  readonly version?: string;
};

/** Answers the files that were written. */
export async function buildPackages(options: PackageOptions): Promise<readonly string[]> {
  const { out, arch = process.arch, compression = 'xz' } = options;
  if (arch !== 'x64' && arch !== 'arm64')
    throw new Error(`There is no package for ${arch}, only for x64 and arm64.`);
  mkdirSync(out, { recursive: true });
  const scratch = mkdtempSync(path.join(tmpdir(), 'ota-connect-packages-'));
  try {
    const bundle = path.join(scratch, 'bundle');
    await bundleAktualizr(bundle);
    const epoch = sourceEpoch();
    const build: Build = {
      root,
      version: options.version ?? versionOfSources(),
      day: new Date(epoch * 1000).toISOString().slice(0, 10),
      architecture: ARCHITECTURES[arch],
      node: nodeBinary(arch),
      bundle,
    };
    const packing = { build, scratch, out, compression, epoch };
    return [
      ...definitions(root).map((definition) => buildDeb(definition, packing)),
      ...buildSourceArchives(packing),
    ];
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

function versionOfSources(): string {
  const manifest = JSON.parse(readFileSync(path.join(root, 'apps/aktualizr/package.json'), 'utf8')) as {
    version: string;
  };
  return manifest.version;
}

/** Seconds since 1970 of the last change. */
function sourceEpoch(): number {
  const given = Number(process.env['SOURCE_DATE_EPOCH'] ?? Number.NaN);
  if (Number.isSafeInteger(given)) return given;
  const { status, stdout } = spawnSync('git', ['-C', root, 'log', '-1', '--format=%ct'], {
    encoding: 'utf8',
  });
  return status === 0 ? Number(stdout) : Math.trunc(statSync(path.join(root, 'CHANGELOG.md')).mtimeMs / 1000);
}

function nodeBinary(arch: string): string {
  const packed = path.join(root, `node_modules/node-linux-${arch}/bin/node`);
  if (existsSync(packed)) return realpathSync(packed);
  throw new Error(
    `node_modules/node-linux-${arch} is not installed: npm i --no-save --force node-linux-${arch}`,
  );
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      out: { type: 'string', default: 'dist' },
      arch: { type: 'string', default: process.arch },
      compression: { type: 'string', default: 'xz' },
    },
  });
  const { out, arch, compression } = values;
  if (compression !== 'xz' && compression !== 'zstd' && compression !== 'none') {
    throw new Error('--compression takes xz, zstd or none.');
  }
  execFileSync('dpkg-deb', ['--version'], { stdio: 'ignore' });
  for (const file of await buildPackages({ out, arch, compression })) {
    console.log(`${file}  ${Math.ceil(statSync(file).size / KIBI)} KiB`);
  }
}

if (import.meta.main) await main();
