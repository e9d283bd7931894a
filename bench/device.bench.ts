// The device's side: `aktualizr check` with nothing new against Node's own start, and a 512 MiB image against curl and
// openssl on the same bytes, the same server and the same machine.
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { launchCampaign } from '../e2e/support/campaign.ts';
import { gatewayClient, readCredentials } from '../e2e/support/gateway-client.ts';
import { createDevice, startSystem, type Device, type System } from '../e2e/support/system.ts';
import { bundleAktualizr } from '../scripts/bundle-aktualizr.ts';
import { inTurn, median, measureNode, measureShell, repeated, type Figures } from './measure.ts';
import { rounded, type Result } from './result.ts';

type Emit = (result: Result) => void;

const MEBI = 1024 * 1024;
const RUNS = 15;
const TRANSFER_RUNS = 3;
const WALL_RATIO = 1.6;
const ABOVE_MIB = 15;
const LOADS = 'script that loads https, crypto, sqlite';
const CHECK = 'aktualizr check, nothing new';
/** A list of further CAs of this machine would be parsed at each start; a device has none. */
const OWN_CAS = { NODE_EXTRA_CA_CERTS: undefined };
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

/** As installed: the bundle with the code that the package's installation compiles. */
async function installed(folder: string): Promise<string> {
  const start = await bundleAktualizr(folder);
  execFileSync(process.execPath, [path.join(folder, 'code-cache.js')]);
  return start;
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
  const bundle = await installed(path.join(system.folder, 'bundle'));
  const args = ['--config', device.configDir, 'check'];
  const small = ['--lite-mode', '--max-semi-space-size=1'];
  const figures = await inTurn(RUNS, {
    empty: () => measureNode([empty], OWN_CAS),
    loads: () => measureNode([loads], OWN_CAS),
    bundled: () => measureNode([bundle, 'aktualizr', ...args], OWN_CAS),
    small: () => measureNode([...small, bundle, 'aktualizr', ...args], OWN_CAS),
    source: () => measureNode([command, ...args], OWN_CAS),
  });
  const nothing = { name: 'empty script', figures: figures.empty };
  emitFigures(emit, nothing.name, figures.empty);
  emitFigures(emit, LOADS, figures.loads);
  emitFigures(emit, `${CHECK}, bundled`, figures.bundled, nothing);
  emitFigures(emit, `${CHECK}, bundled, small profile`, figures.small, nothing);
  emitFigures(emit, `${CHECK}, from source`, figures.source, nothing);
  emitStart(emit, figures.bundled, figures.loads);
}

/** What `check` with nothing new may take, as a multiple of a script that only loads what it needs. */
function emitStart(emit: Emit, check: Figures, loads: Figures): void {
  const ratio = check.wallSeconds / loads.wallSeconds;
  const above = check.peakMiB - loads.peakMiB;
  const name = `${CHECK}, bundled`;
  emit({
    name: `${name}: wall ratio`,
    value: rounded(ratio),
    unit: '×',
    promised: `at most ${WALL_RATIO} ×`,
    kept: ratio <= WALL_RATIO,
    against: LOADS,
  });
  emit({
    name: `${name}: peak memory above`,
    value: rounded(above),
    unit: 'MiB',
    promised: `at most ${ABOVE_MIB} MiB`,
    kept: above <= ABOVE_MIB,
    against: LOADS,
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
