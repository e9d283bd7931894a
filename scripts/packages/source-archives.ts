// What the Yocto layer builds from: the bundle with packaging/ as aktualizr-VERSION.tar, and the pinned Node.js as
// ota-connect-node-NODEVERSION-ARCH.tar, with SHA256SUMS beside. No network and no npm in a bitbake build.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Packing } from './build-deb.ts';
import { Stage } from './stage.ts';

/** Answers the files that were written. */
export function buildSourceArchives(packing: Packing): readonly string[] {
  const { build, out } = packing;
  const archives = [deviceArchive(packing), nodeArchive(packing)];
  const sums = archives.map((file) => `${sha256(file)}  ${path.basename(file)}\n`).join('');
  const list = path.join(out, `SHA256SUMS-${build.architecture}`);
  writeFileSync(list, sums);
  return [...archives, list];
}

function deviceArchive({ build, scratch, out, epoch }: Packing): string {
  const name = `aktualizr-${build.version}`;
  const stage = new Stage(path.join(scratch, name));
  for (const file of globSync('*.js', { cwd: build.bundle })) {
    stage.copy(`device/${file}`, path.join(build.bundle, file));
  }
  cpSync(path.join(build.root, 'packaging'), path.join(stage.folder, 'packaging'), { recursive: true });
  rmSync(path.join(stage.folder, 'packaging/device'), { recursive: true });
  stage.copy('LICENSE', path.join(build.root, 'LICENSE'));
  return pack(stage.folder, path.join(out, `${name}.tar`), epoch);
}

function nodeArchive({ build, scratch, out, epoch }: Packing): string {
  const home = path.dirname(path.dirname(build.node));
  const { version } = JSON.parse(readFileSync(path.join(home, 'package.json'), 'utf8')) as {
    version: string;
  };
  const name = `ota-connect-node-${version}-${build.architecture}`;
  const stage = new Stage(path.join(scratch, name));
  stage.copy('bin/node', build.node, 0o755);
  stage.copy('LICENSE', path.join(home, 'LICENSE'));
  return pack(stage.folder, path.join(out, `${name}.tar`), epoch);
}

function pack(folder: string, file: string, epoch: number): string {
  const plain = [
    '--sort=name',
    '--owner=0',
    '--group=0',
    '--numeric-owner',
    '--format=gnu',
    `--mtime=@${epoch}`,
  ];
  const modes = '--mode=u=rwX,go=rX';
  execFileSync('tar', [...plain, modes, '-C', path.dirname(folder), '-cf', file, path.basename(folder)]);
  return file;
}

function sha256(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}
