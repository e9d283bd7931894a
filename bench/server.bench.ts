// The server's side of one poll: requests, bytes on the wire, CPU of the server process. The device is the recorded
// original client (RSA-2048), so that two signatures are verified in each poll, as in a real one.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  gatewayClient,
  readCredentials,
  type Answer,
  type GatewayClient,
} from '../e2e/support/gateway-client.ts';
import { createDevice, finished, start, startSystem, type System } from '../e2e/support/system.ts';
import { throttledLink, type Link } from '../e2e/support/throttle.ts';
import { rounded, type Result } from './result.ts';

type Exchange = { readonly path: string; readonly body: string };

const POLLS = 300;
const TICKS_PER_SECOND = 100;
const golden = path.join(
  path.dirname(path.dirname(fileURLToPath(import.meta.url))),
  'e2e',
  'fixtures',
  'golden',
);

function recorded(file: string, wantedPath: string): string {
  const lines = readFileSync(path.join(golden, file), 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  const found = lines
    .map((line) => JSON.parse(line) as Exchange)
    .find((exchange) => exchange.path === wantedPath);
  if (found === undefined) throw new Error(`${file} has no ${wantedPath}`);
  return found.body;
}

/** User and system CPU seconds of a process so far; Linux only. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function residentMiB(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? Number.NaN) / 1024;
}

async function expectStatus(expected: number, sending: Promise<Answer>): Promise<Answer> {
  const answer = await sending;
  if (answer.status !== expected)
    throw new Error(`answered ${answer.status}, not ${expected}: ${answer.body.toString()}`);
  return answer;
}

type Identity = { readonly pfx: Uint8Array; readonly ca: Buffer };

async function registered(system: System): Promise<Identity> {
  const zip = path.join(system.folder, 'bench.zip');
  await system.ota('credentials', 'create', '--output', zip);
  const credentials = readCredentials(zip);
  const bootstrap = gatewayClient(system.gatewayUrl, credentials);
  const answer = await expectStatus(
    200,
    bootstrap.send('POST', '/devices', JSON.stringify({ deviceId: 'bench', ttl: '365' })),
  );
  bootstrap.close();
  const identity = { pfx: answer.body, ca: credentials.ca };
  const device = gatewayClient(system.gatewayUrl, identity);
  await device.send('POST', '/director/ecus', recorded('B01-once-full-update.jsonl', '/director/ecus'));
  device.close();
  return identity;
}

/** As the original polls: manifest, root probe, Director Targets. */
async function poll(device: GatewayClient, manifest: string): Promise<void> {
  await expectStatus(200, device.send('PUT', '/director/manifest', manifest));
  await device.send('GET', '/director/2.root.json');
  await expectStatus(200, device.send('GET', '/director/targets.json'));
}

async function measured(
  system: System,
  polls: number,
  one: () => Promise<void>,
): Promise<{ cpuMs: number; perSecond: number }> {
  for (let warm = 0; warm < 50; warm += 1) await one();
  const cpu = cpuSeconds(system.serverPid());
  const started = performance.now();
  for (let count = 0; count < polls; count += 1) await one();
  const seconds = (performance.now() - started) / 1000;
  return { cpuMs: ((cpuSeconds(system.serverPid()) - cpu) * 1000) / polls, perSecond: polls / seconds };
}

/** Our own client: one process, one new TLS connection, conditional requests. */
async function benchCheck(system: System, link: Link, emit: (result: Result) => void): Promise<void> {
  const device = await createDevice(system, 'bench-poll', { gatewayUrl: `https://localhost:${link.port}` });
  for (let settle = 0; settle < 2; settle += 1) await device.aktualizr('check');
  link.reset();
  const countFile = path.join(system.folder, 'requests');
  const hook = new URL('count-requests.mjs', import.meta.url).href;
  const env = { NODE_OPTIONS: `--import ${hook}`, BENCH_REQUESTS_FILE: countFile };
  const done = await finished(start('aktualizr', ['--config', device.configDir, 'check'], env));
  if (done.code !== 0) throw new Error(done.stderr);
  const requests = Number(readFileSync(countFile, 'utf8'));
  emit({ name: 'aktualizr check, nothing new: requests', value: requests, unit: '' });
  emit({
    name: 'aktualizr check, nothing new: bytes to the server, TLS included',
    value: link.bytesUp(),
    unit: 'B',
  });
  emit({
    name: 'aktualizr check, nothing new: bytes to the device, TLS included',
    value: link.bytesDown(),
    unit: 'B',
  });
}

export async function serverBench(emit: (result: Result) => void): Promise<void> {
  const system = await startSystem();
  const link = await throttledLink(system.gatewayPort, 1e12);
  try {
    const identity = await registered(system);
    const manifest = recorded('B02-once-no-update.jsonl', '/director/manifest');
    const overLink = gatewayClient(`https://localhost:${link.port}`, identity);
    await poll(overLink, manifest);
    link.reset();
    await poll(overLink, manifest);
    const kept = { up: link.bytesUp(), down: link.bytesDown() };
    overLink.close();
    emit({ name: 'poll of the original, kept connection: bytes to the server', value: kept.up, unit: 'B' });
    emit({ name: 'poll of the original, kept connection: bytes to the device', value: kept.down, unit: 'B' });
    await benchCheck(system, link, emit);
    const device = gatewayClient(system.gatewayUrl, identity);
    const onKept = await measured(system, POLLS, () => poll(device, manifest));
    device.close();
    emit({
      name: 'poll of the original (3 requests), kept connection: server CPU',
      value: rounded(onKept.cpuMs),
      unit: 'ms',
    });
    emit({
      name: 'poll of the original, kept connection: one device after another',
      value: rounded(onKept.perSecond),
      unit: 'polls/s',
    });
    const fresh = await measured(system, POLLS, async () => {
      const once = gatewayClient(system.gatewayUrl, identity);
      await poll(once, manifest);
      once.close();
    });
    emit({
      name: 'poll of the original, fresh TLS connection: server CPU',
      value: rounded(fresh.cpuMs),
      unit: 'ms',
    });
    emit({
      name: 'server resident memory after the polls',
      value: rounded(residentMiB(system.serverPid())),
      unit: 'MiB',
      promised: '<= 200 when idle',
      kept: residentMiB(system.serverPid()) <= 200,
    });
  } finally {
    await link.close();
    await system.stop();
  }
}
