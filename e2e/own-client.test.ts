// The programs of docs/guides/your-own-client.md, as they stand there: the library is packed and installed into an empty
// folder, the programs are type-checked, and each is run against a real server.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { launchCampaign, makeImage } from './support/campaign.ts';
import { createDevice, finished, startSystem, type System } from './support/system.ts';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const GUIDE = path.join(root, 'docs/guides/your-own-client.md');

/** Code blocks that name their file: ```ts client.ts */
function programsOf(guide: string): ReadonlyMap<string, string> {
  const blocks = guide.matchAll(/^```ts (\S+\.ts)\n([\s\S]*?)^```$/gm);
  return new Map(Array.from(blocks, ([, name = '', code = '']) => [name, code]));
}

function run(command: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  assert.equal(status, 0, `${command} ${args.join(' ')}\n${stdout}${stderr}`);
  return stdout;
}

describe('your own client', () => {
  let system: System;
  let project: string;
  before(async () => {
    system = await startSystem();
    project = path.join(system.folder, 'own-client');
    mkdirSync(project);
    const published = path.join(root, 'packages/libaktualizr/npm');
    run('npm', ['pack', published, '--pack-destination', project], root);
    const tarball = readdirSync(project).find((name) => name.endsWith('.tgz')) ?? 'none';
    assert.match(tarball, /^libaktualizr-\d+\.\d+\.\d+\.tgz$/);
    writeFileSync(path.join(project, 'package.json'), '{"private":true,"type":"module"}');
    // All that it depends on was installed with this project: what npm has in its cache is asked for first.
    const install = ['install', '--prefer-offline', '--ignore-scripts', '--omit=optional', `./${tarball}`];
    run('npm', install, project);
    for (const [name, code] of programsOf(readFileSync(GUIDE, 'utf8')))
      writeFileSync(path.join(project, name), code);
  });
  after(() => system.stop());

  /** What a program of the guide prints. */
  async function printed(program: string, configDir: string): Promise<readonly string[]> {
    const child = spawn(process.execPath, [path.join(project, program), configDir], {
      cwd: project,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const { code, stdout, stderr } = await finished(child);
    assert.equal(code, 0, stderr);
    return stdout.trimEnd().split('\n');
  }

  /** A campaign over the devices of that name. */
  async function campaignFor(
    name: string,
    options: { readonly approvalNeeded?: boolean; readonly hardwareId?: string } = {},
  ): Promise<string> {
    await system.ota('group', 'create', '--name', name, '--expression', `deviceid contains ${name}`);
    const file = makeImage(system, `${name}.bin`, 100_000);
    return (await launchCampaign(system, { name, file, group: name, ...options })).filename;
  }

  it('type-checks from the packed declarations alone', () => {
    const types = path.join(project, 'node_modules/@types');
    mkdirSync(types, { recursive: true });
    for (const name of ['node', 'undici-types']) {
      const place = name === 'node' ? path.join(types, name) : path.join(project, 'node_modules', name);
      symlinkSync(path.join(root, 'node_modules', name === 'node' ? '@types/node' : name), place);
    }
    const compilerOptions = {
      target: 'esnext',
      module: 'nodenext',
      lib: ['esnext'],
      types: ['node'],
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      erasableSyntaxOnly: true,
      noEmit: true,
      skipLibCheck: false,
    };
    writeFileSync(path.join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
    run(path.join(root, 'node_modules/.bin/tsc'), ['-p', project], project);
  });

  it('client.ts provisions the device, finds nothing, and later installs what a campaign brings', async () => {
    const { configDir } = await createDevice(system, 'twenty-lines');
    assert.deepEqual(await printed('client.ts', configDir), ['nothing_new']);
    const filename = await campaignFor('twenty-lines');
    assert.deepEqual(await printed('client.ts', configDir), [
      `${filename} is here`,
      'installed',
      `installed: ${filename}`,
    ]);
  });

  it('step-by-step.ts accepts the campaign, and installs what it brings', async () => {
    const { configDir } = await createDevice(system, 'step-by-step');
    await printed('client.ts', configDir);
    const filename = await campaignFor('step-by-step', { approvalNeeded: true });
    const [campaign, ...rest] = await printed('step-by-step.ts', configDir);
    assert.equal(campaign, 'campaign step-by-step');
    assert.deepEqual(rest, ['installed', `stored: ${filename}, 100000 bytes`]);
  });

  it('daemon.ts polls until something is installed', async () => {
    const { configDir } = await createDevice(system, 'own-daemon');
    await printed('client.ts', configDir);
    await campaignFor('own-daemon');
    const lines = await printed('daemon.ts', configDir);
    assert.ok(lines.includes('UpdateCheckComplete'), lines.join());
    assert.ok(lines.includes('AllInstallsComplete'), lines.join());
    assert.equal(lines.at(-1), 'stopped');
  });

  it('own-package-manager.ts puts the image where it wants it', async () => {
    const device = await createDevice(system, 'own-manager');
    await printed('client.ts', device.configDir);
    const place = path.join(device.storageDir, 'app');
    const settings = `[pacman]\ntype = "app-file"\npackages_file = "${place}"\nimages_path = "${device.imagesDir}"\n`;
    writeFileSync(path.join(device.configDir, '20-manager.toml'), settings);
    await campaignFor('own-manager');
    const [kind, ecu] = await printed('own-package-manager.ts', device.configDir);
    assert.equal(kind, 'installed');
    assert.match(ecu ?? '', /: own-manager\.bin is in its place$/);
    assert.deepEqual(readFileSync(place), readFileSync(path.join(system.folder, 'own-manager.bin')));
  });

  it('own-signer.ts registers and reports with its own key', async () => {
    const { configDir } = await createDevice(system, 'own-signer');
    assert.deepEqual(await printed('own-signer.ts', configDir), ['nothing_new']);
  });

  it('own-secondary.ts updates an ECU behind the Primary', async () => {
    const { configDir } = await createDevice(system, 'own-secondary');
    await printed('client.ts', configDir);
    const [before] = await printed('own-secondary.ts', configDir);
    assert.equal(before, 'nothing_new');
    const filename = await campaignFor('own-secondary', { hardwareId: 'motor-ctl' });
    const lines = await printed('own-secondary.ts', configDir);
    assert.equal(lines[0], 'installed');
    assert.equal(lines.at(-1), `motor-1: ${filename}`);
  });
});
