// One Debian package from its definition, by dpkg-deb alone: owned by root, times no later than the sources', so that the
// same sources give the same bytes. Debian policy 5.3 (control), 10.7 (conffiles), 12.5 (copyright).
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Build, Definition } from './definitions.ts';
import { Stage } from './stage.ts';

const MAINTAINER = 'OTA Connect developers <ota-connect@example.org>';
const SCRIPTS = ['postinst', 'prerm', 'postrm'];
const KIBI = 1024;
const LINE = 78;

export type Compression = 'xz' | 'zstd' | 'none';

export type Packing = {
  readonly build: Build;
  /** Where the folder that becomes the package is laid out. */
  readonly scratch: string;
  readonly out: string;
  readonly compression: Compression;
  /** Seconds since 1970. */
  readonly epoch: number;
};

/** Answers the file that was written: NAME_VERSION_ARCHITECTURE.deb. */
export function buildDeb(
  definition: Definition,
  { build, scratch, out, compression, epoch }: Packing,
): string {
  const { name } = definition;
  const stage = new Stage(path.join(scratch, name));
  definition.fill(stage, build);
  const documents = `usr/share/doc/${name}`;
  stage.write(`${documents}/copyright`, COPYRIGHT);
  stage.gzip(`${documents}/changelog.gz`, changelog(build.version, epoch));
  stage.gzip(`${documents}/NEWS.gz`, readFileSync(path.join(build.root, 'CHANGELOG.md'), 'utf8'));
  for (const binary of definition.binaries ?? []) stripSymbols(path.join(stage.folder, binary));
  const files = filesOf(stage.folder);
  stage.write(
    'DEBIAN/md5sums',
    files.map((file) => `${md5(path.join(stage.folder, file))}  ${file}\n`).join(''),
  );
  const conffiles = files.filter((file) => file.startsWith('etc/')).map((file) => `/${file}\n`);
  if (conffiles.length > 0) stage.write('DEBIAN/conffiles', conffiles.join(''));
  for (const script of SCRIPTS) {
    const source = path.join(build.root, 'packaging/debian', `${name}.${script}`);
    if (existsSync(source)) stage.copy(`DEBIAN/${script}`, source, 0o755);
  }
  stage.write('DEBIAN/control', control(definition, build, installedKiB(stage.folder, files)));
  const architecture = definition.isArchitectureBound ? build.architecture : 'all';
  const file = path.join(out, `${name}_${build.version}_${architecture}.deb`);
  execFileSync('dpkg-deb', ['--root-owner-group', `-Z${compression}`, '--build', stage.folder, file], {
    env: { ...process.env, SOURCE_DATE_EPOCH: String(epoch) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return file;
}

function control(definition: Definition, build: Build, installed: number): string {
  const relations = Object.entries(definition.relations).map(
    ([field, value]) => `${field}: ${value.replaceAll('= =', `= ${build.version}`)}`,
  );
  return [
    `Package: ${definition.name}`,
    'Source: ota-connect',
    `Version: ${build.version}`,
    `Architecture: ${definition.isArchitectureBound ? build.architecture : 'all'}`,
    `Maintainer: ${MAINTAINER}`,
    `Installed-Size: ${installed}`,
    ...relations,
    'Section: admin',
    'Priority: optional',
    `Description: ${definition.summary}`,
    ...wrapped(definition.description).map((line) => ` ${line}`),
    '',
  ].join('\n');
}

function wrapped(text: string): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length >= LINE) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

const COPYRIGHT = `OTA Connect

Copyright: 2026 OTA Connect developers

Licensed under the Apache License, Version 2.0, which on Debian systems is found in
/usr/share/common-licenses/Apache-2.0.

Node.js and what it contains: see NODE-LICENSE of the package ota-connect-node. The bundled
libraries (fflate, smol-toml, pkijs, asn1js and what they need) are under the MIT and BSD
licences; their names and versions stand in package-lock.json of the sources.
`;

/** What changed is told in NEWS.gz; dpkg's tools want this form. */
function changelog(version: string, epoch: number): string {
  const date = new Date(epoch * 1000).toUTCString().replace('GMT', '+0000');
  return `ota-connect (${version}) unstable; urgency=medium\n\n  * See NEWS.gz.\n\n -- ${MAINTAINER}  ${date}\n`;
}

/** Debugging symbols are a fifth of Node.js. Without binutils they stay. */
function stripSymbols(file: string): void {
  if (!existsSync('/usr/bin/strip')) return;
  execFileSync('strip', ['--strip-unneeded', file]);
}

function filesOf(folder: string): readonly string[] {
  return globSync('**', { cwd: folder, exclude: (name) => name === 'DEBIAN' })
    .filter((file) => statSync(path.join(folder, file)).isFile())
    .sort();
}

function md5(file: string): string {
  return createHash('md5').update(readFileSync(file)).digest('hex');
}

/** As dpkg counts: each file in whole KiB, one KiB for whatever else. */
function installedKiB(folder: string, files: readonly string[]): number {
  return files.reduce(
    (sum, file) => sum + Math.ceil(statSync(path.join(folder, file)).size / KIBI),
    files.length,
  );
}
