// The steps of packaging/Containerfile, one after the other, on a bare Debian: this machine has no engine for containers.
// Then its entry point is run as a person would, and the single executable, which needs no package at all.
import assert from 'node:assert/strict';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startSystem, type System } from '../../e2e/support/system.ts';
import { buildSingleExecutable } from '../../scripts/package-sea.ts';
import { DebianMachine } from './support/debian-machine.ts';
import { builtPackages, type BuiltPackages } from './support/packages.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

type Step = { readonly word: string; readonly rest: string };

let system: System;

before(async () => {
  system = await startSystem();
});

after(() => system.stop());

function stepsOf(file: string): readonly Step[] {
  const text = readFileSync(file, 'utf8').replaceAll('\\\n', '');
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return lines.map((line) => {
    const [word = '', ...rest] = line.split(' ');
    return { word, rest: rest.join(' ') };
  });
}

/** A configuration and credentials for a device of its own, where the machine looks for them. */
async function provide(machine: DebianMachine, name: string): Promise<void> {
  const archive = path.join(system.folder, `${name}.zip`);
  await system.ota('credentials', 'create', '--output', archive);
  machine.write('/var/sota/credentials.zip', readFileSync(archive));
  machine.write(
    '/etc/sota/conf.d/20-sota.toml',
    `[tls]
server = "${system.gatewayUrl}"
[provision]
provision_path = "/var/sota/credentials.zip"
device_id = "${name}"
primary_ecu_hardware_id = "${name}-board"
[pacman]
type = "none"
images_path = "/var/sota/images"
`,
  );
}

describe('Containerfile', () => {
  let machine: DebianMachine;
  let packages: BuiltPackages;

  before(async () => {
    packages = await builtPackages('1.0.0');
    machine = await DebianMachine.open('folder');
  });

  after(async () => {
    await machine.close();
    packages.remove();
  });

  it('has steps that all succeed, and leaves neither packages nor lists', () => {
    for (const { word, rest } of stepsOf(path.join(root, 'packaging/Containerfile'))) {
      if (word === 'RUN') machine.must('sh', '-ec', rest);
      if (word === 'COPY') copy(machine, packages, rest);
      assert.ok(['FROM', 'COPY', 'RUN', 'VOLUME', 'ENTRYPOINT', 'CMD'].includes(word), word);
    }
    assert.ok(!machine.exists('/tmp/packages'));
  });

  it('starts the client by its entry point', async () => {
    await provide(machine, 'contained');
    const steps = stepsOf(path.join(root, 'packaging/Containerfile'));
    const entry = steps.find(({ word }) => word === 'ENTRYPOINT')?.rest ?? '[]';
    const [program = '', ...args] = JSON.parse(entry) as string[];
    assert.match(machine.must(program, ...args, 'check'), /No update/);
    assert.match(machine.must('aktualizr-info'), /contained/);
  });
});

/** `dist/*.deb` of the sources are the packages of this test. */
function copy(machine: DebianMachine, packages: BuiltPackages, rest: string): void {
  const [from = '', to = ''] = rest.split(' ');
  assert.equal(from, 'dist/*.deb');
  for (const file of globSync('*.deb', { cwd: packages.folder })) {
    machine.write(`${to}${file}`, readFileSync(path.join(packages.folder, file)));
  }
}

describe('single executable', () => {
  it('checks on a bare Debian, and is the other commands by their names', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'ota-connect-single-'));
    const machine = await DebianMachine.open('folder');
    try {
      machine.write('/opt/aktualizr', readFileSync(await buildSingleExecutable(folder)));
      machine.must('chmod', '755', '/opt/aktualizr');
      machine.must('ln', '-s', 'aktualizr', '/opt/aktualizr-info');
      await provide(machine, 'single');
      assert.match(machine.must('/opt/aktualizr', 'check'), /No update/);
      assert.match(machine.must('/opt/aktualizr-info'), /Device ID: single/);
      assert.equal(machine.run('/opt/aktualizr', '--nonsense').status, 64);
    } finally {
      await machine.close();
      rmSync(folder, { recursive: true });
    }
  });
});
