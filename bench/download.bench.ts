// Images: 512 MiB against curl and openssl on the same bytes, the same server and the same machine, in turn; how often an
// update reads what it fetched; and what is fetched again after each of 1,000 kills.
import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { launchCampaign } from '../e2e/support/campaign.ts';
import { gatewayClient, readCredentials } from '../e2e/support/gateway-client.ts';
import { createDevice, type System } from '../e2e/support/system.ts';
import { killDownloads } from '../packages/libaktualizr/test/support/kill-downloads.ts';
import { inTurn, measureNode, measureShell, type Figures } from './measure.ts';
import { rounded, type Result } from './result.ts';

type Emit = (result: Result) => void;

const MEBI = 1024 * 1024;
const RUNS = 5;
const CPU_RATIO = 1.3;
const KILLS = 1000;
const KILL_BYTES = 256 * 1024;
const PEER = 'curl to a file + openssl sha256';
const COUNT_READS = fileURLToPath(new URL('count-reads.mjs', import.meta.url));
/** A list of further CAs of this machine would be parsed at each start; a device has none. */
const OWN_CAS = { NODE_EXTRA_CA_CERTS: undefined };

/** A file of random bytes, written in pieces. */
function makeLargeImage(file: string, bytes: number): void {
  const out = openSync(file, 'w');
  for (let written = 0; written < bytes; written += MEBI) writeSync(out, randomBytes(MEBI));
  closeSync(out);
}

async function campaignOver(system: System, name: string, bytes: number): Promise<string> {
  const file = path.join(system.folder, `${name}.bin`);
  makeLargeImage(file, bytes);
  await system.ota('group', 'create', '--name', name, '--expression', `deviceid contains ${name}`);
  await launchCampaign(system, { name, file, group: name });
  return path.basename(file);
}

/** Runs `download` afresh each time: the image and the state that knows it are of a new device. */
function freshDownload(system: System, bundle: string, name: string): () => Promise<Figures> {
  let run = 0;
  return async () => {
    const device = await createDevice(system, `${name}-${(run += 1)}`);
    const check = await device.aktualizr('check');
    if (check.code !== 0) throw new Error(check.stderr);
    const args = [bundle, 'aktualizr', '--config', device.configDir, 'download'];
    const figures = await measureNode(args, OWN_CAS);
    rmSync(device.imagesDir, { recursive: true });
    return figures;
  };
}

async function peerDownload(system: System, image: string): Promise<() => Promise<Figures>> {
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
  // Each run writes a new file, as the device does.
  return () => measureShell(`rm -f ${folder}/image; ${fetchIt}; openssl sha256 ${folder}/image >/dev/null`);
}

async function benchTransfer(system: System, bundle: string, emit: Emit): Promise<void> {
  await campaignOver(system, 'bench-small', 64 * MEBI);
  const image = await campaignOver(system, 'bench-large', 512 * MEBI);
  const figures = await inTurn(RUNS, {
    small: freshDownload(system, bundle, 'bench-small'),
    large: freshDownload(system, bundle, 'bench-large'),
    peer: await peerDownload(system, image),
  });
  emitTransfer(emit, figures);
}

function emitTransfer(emit: Emit, { small, large, peer }: Record<'small' | 'large' | 'peer', Figures>): void {
  const name = 'download and verify 512 MiB';
  const cpuRatio = large.cpuSeconds / peer.cpuSeconds;
  emit({ name: `${name}: throughput`, value: rounded(512 / large.wallSeconds), unit: 'MiB/s' });
  emit({ name: `${PEER}: throughput`, value: rounded(512 / peer.wallSeconds), unit: 'MiB/s' });
  emit({ name: `${name}: CPU`, value: rounded(large.cpuSeconds), unit: 's' });
  emit({ name: `${PEER}: CPU`, value: rounded(peer.cpuSeconds), unit: 's' });
  emit({
    name: `${name}: CPU ratio`,
    value: rounded(cpuRatio),
    unit: '×',
    promised: `at most ${CPU_RATIO} ×`,
    kept: cpuRatio <= CPU_RATIO,
    against: PEER,
  });
  const wallRatio = rounded(large.wallSeconds / peer.wallSeconds);
  emit({ name: `${name}: wall ratio`, value: wallRatio, unit: '×', against: PEER });
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

/** A whole update in one process: whatever it reads of the image, it reads from files. */
async function benchReads(system: System, bundle: string, emit: Emit): Promise<void> {
  const device = await createDevice(system, 'bench-large-once');
  const check = await device.aktualizr('check');
  if (check.code !== 0) throw new Error(check.stderr);
  const readsFile = path.join(system.folder, 'reads');
  const env = { ...OWN_CAS, BENCH_READS_FILE: readsFile };
  const args = ['--import', COUNT_READS, bundle, 'aktualizr', '--config', device.configDir, 'once'];
  await measureNode(args, env);
  const times = Number(readFileSync(readsFile, 'utf8')) / (512 * MEBI);
  emit({
    name: 'once with 512 MiB: reads of the image after it arrived',
    value: rounded(times),
    unit: '×',
    promised: 'at most once',
    kept: times <= 1,
  });
  rmSync(device.imagesDir, { recursive: true });
}

async function benchKills(folder: string, emit: Emit): Promise<void> {
  const plan = { kills: KILLS, folder, imageBytes: 12 * MEBI, bytesPerSecond: 2 * MEBI };
  const costs = [...(await killDownloads(plan))].sort((a, b) => a - b);
  const most = costs.at(-1) ?? Number.NaN;
  emit({
    name: `fetched again after each of ${costs.length} kills: most`,
    value: rounded(most / 1024),
    unit: 'KiB',
    promised: 'at most 256 KiB',
    kept: most <= KILL_BYTES,
  });
  const middle = costs[Math.floor(costs.length / 2)] ?? Number.NaN;
  emit({ name: 'fetched again after a kill: median', value: rounded(middle / 1024), unit: 'KiB' });
}

/** `bundle`: what starts a command as installed. */
export async function downloadBench(system: System, bundle: string, emit: Emit): Promise<void> {
  await benchTransfer(system, bundle, emit);
  await benchReads(system, bundle, emit);
  await benchKills(system.folder, emit);
}
