// The device's side: `aktualizr check` with nothing new against Node's own start, and a 512 MiB image against curl and
// openssl on the same bytes, the same server and the same machine.
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { launchCampaign } from '../e2e/support/campaign.ts';
import { gatewayClient, readCredentials } from '../e2e/support/gateway-client.ts';
import { createDevice, startSystem, type Device, type System } from '../e2e/support/system.ts';
import { bundleAktualizr } from '../scripts/bundle-aktualizr.ts';
import { median, measureNode, measureShell, repeated, type Figures } from './measure.ts';
import { rounded, type Result } from './result.ts';

type Emit = (result: Result) => void;

const MEBI = 1024 * 1024;
const RUNS = 15;
const TRANSFER_RUNS = 3;
const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const command = path.join(root, 'apps/aktualizr/bin/aktualizr.js');

function script(folder: string, name: string, text: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
}

function emitFigures(
  emit: Emit,
  name: string,
  figures: Figures,
  against?: { readonly name: string; readonly figures: Figures },
): void {
  emit({ name: `${name}: wall`, value: rounded(figures.wallSeconds * 1000), unit: 'ms' });
  emit({ name: `${name}: CPU`, value: rounded(figures.cpuSeconds * 1000), unit: 'ms' });
  emit({ name: `${name}: peak memory`, value: rounded(figures.peakMiB), unit: 'MiB' });
  if (against === undefined) return;
  const share = rounded(against.figures.wallSeconds / figures.wallSeconds);
  emit({
    name: `${name}: share that is Node's own start`,
    value: share,
    unit: 'of wall',
    against: against.name,
  });
}

async function benchCheck(system: System, emit: Emit): Promise<void> {
  const device = await createDevice(system, 'bench-check');
  const first = await device.aktualizr('check');
  if (first.code !== 0) throw new Error(first.stderr);
  const empty = script(system.folder, 'empty.cjs', '');
  const loads = script(
    system.folder,
    'loads.cjs',
    "require('node:https');require('node:crypto');require('node:sqlite');",
  );
  const bundle = await bundleAktualizr(path.join(system.folder, 'bundle'));
  const cache = { NODE_COMPILE_CACHE: path.join(system.folder, 'compile-cache') };
  const args = ['--config', device.configDir, 'check'];
  const emptyFigures = await repeated(RUNS, () => measureNode([empty]));
  const loadsFigures = await repeated(RUNS, () => measureNode([loads]));
  const bundled = await repeated(RUNS, () => measureNode([bundle, ...args], cache));
  const fromSource = await repeated(RUNS, () => measureNode([command, ...args]));
  emitFigures(emit, 'empty script', emptyFigures);
  emitFigures(emit, 'script that loads https, crypto, sqlite', loadsFigures);
  emitFigures(emit, 'aktualizr check, nothing new, bundled', bundled, {
    name: 'empty script',
    figures: emptyFigures,
  });
  emitFigures(emit, 'aktualizr check, nothing new, from source', fromSource, {
    name: 'empty script',
    figures: emptyFigures,
  });
}

/** A file of random bytes, written in pieces. */
function makeLargeImage(file: string, bytes: number): string {
  const hash = createHash('sha256');
  const out = openSync(file, 'w');
  for (let written = 0; written < bytes; written += MEBI) {
    const piece = randomBytes(MEBI);
    hash.update(piece);
    writeSync(out, piece);
  }
  closeSync(out);
  return hash.digest('hex');
}

/** Runs `download` afresh each time: the image and the state that knows it are of a new device. */
async function downloadFigures(system: System, name: string, runs: number): Promise<Figures> {
  const all: Figures[] = [];
  for (let run = 0; run < runs; run += 1) {
    const device: Device = await createDevice(system, `${name}-${run}`);
    const check = await device.aktualizr('check');
    if (check.code !== 0) throw new Error(check.stderr);
    all.push(await measureNode([command, '--config', device.configDir, 'download']));
    rmSync(device.imagesDir, { recursive: true });
  }
  return {
    wallSeconds: median(all.map((figures) => figures.wallSeconds)),
    cpuSeconds: median(all.map((figures) => figures.cpuSeconds)),
    peakMiB: median(all.map((figures) => figures.peakMiB)),
  };
}

async function curlFigures(system: System, image: string): Promise<Figures> {
  const zip = path.join(system.folder, 'curl.zip');
  await system.ota('credentials', 'create', '--output', zip);
  const credentials = readCredentials(zip);
  const bootstrap = gatewayClient(system.gatewayUrl, credentials);
  const answer = await bootstrap.send('POST', '/devices', JSON.stringify({ deviceId: 'curl', ttl: '365' }));
  bootstrap.close();
  const folder = path.join(system.folder, 'curl');
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'device.p12'), answer.body);
  writeFileSync(path.join(folder, 'ca.pem'), credentials.ca);
  const fetchIt = `curl -sSf --cacert ${folder}/ca.pem --cert-type P12 --cert ${folder}/device.p12: -o ${folder}/image ${system.gatewayUrl}/repo/targets/${image}`;
  return repeated(TRANSFER_RUNS, () => measureShell(`${fetchIt}; openssl sha256 ${folder}/image >/dev/null`));
}

async function campaignOver(system: System, name: string, bytes: number): Promise<string> {
  const file = path.join(system.folder, `${name}.bin`);
  makeLargeImage(file, bytes);
  await system.ota('group', 'create', '--name', name, '--expression', `deviceid contains ${name}`);
  await launchCampaign(system, { name, file, group: name });
  return path.basename(file);
}

async function benchDownload(system: System, emit: Emit): Promise<void> {
  await campaignOver(system, 'bench-small', 64 * MEBI);
  const small = await downloadFigures(system, 'bench-small', TRANSFER_RUNS);
  const image = await campaignOver(system, 'bench-large', 512 * MEBI);
  const large = await downloadFigures(system, 'bench-large', TRANSFER_RUNS);
  const peer = await curlFigures(system, image);
  const against = 'curl to a file + openssl sha256';
  emit({
    name: 'download and verify 512 MiB: throughput',
    value: rounded(512 / large.wallSeconds),
    unit: 'MiB/s',
  });
  emit({ name: `${against}: throughput`, value: rounded(512 / peer.wallSeconds), unit: 'MiB/s' });
  emit({ name: 'download and verify 512 MiB: CPU', value: rounded(large.cpuSeconds), unit: 's' });
  emit({ name: `${against}: CPU`, value: rounded(peer.cpuSeconds), unit: 's' });
  emit({
    name: 'download and verify 512 MiB: CPU ratio',
    value: rounded(large.cpuSeconds / peer.cpuSeconds),
    unit: '×',
    against,
  });
  emit({
    name: 'download and verify 512 MiB: wall ratio',
    value: rounded(large.wallSeconds / peer.wallSeconds),
    unit: '×',
    against,
  });
  emit({ name: 'peak memory at 64 MiB', value: rounded(small.peakMiB), unit: 'MiB' });
  emit({
    name: 'peak memory at 512 MiB',
    value: rounded(large.peakMiB),
    unit: 'MiB',
    promised: 'does not grow with the image',
    kept: large.peakMiB <= small.peakMiB * 1.15,
    against: 'the 64 MiB image',
  });
}

export async function deviceBench(emit: Emit): Promise<void> {
  const system = await startSystem();
  try {
    await benchCheck(system, emit);
    await benchDownload(system, emit);
  } finally {
    await system.stop();
  }
}
