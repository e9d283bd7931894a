// The daemon over time, as installed (bundled): share of a core while it polls each second, memory over a thousand polls
// and after a large download, time to its end; and the same with the small profile of Node.js.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { launchCampaign } from '../e2e/support/campaign.ts';
import { createDevice, startSystem, type Device, type System } from '../e2e/support/system.ts';
import { bundleAktualizr } from '../scripts/bundle-aktualizr.ts';
import { rounded, type Result } from './result.ts';

type Emit = (result: Result) => void;

const MEBI = 1024 * 1024;
const POLLED_SECONDS = 60;
const POLLS = 1000;
const LARGE_MIB = 512;
/** Linux counts CPU time in hundredths of a second. */
const TICKS = 100;
const PROFILES = [
  { name: 'daemon', flags: ['--max-semi-space-size=1'], isPromised: true },
  { name: 'daemon, small profile', flags: ['--lite-mode', '--max-semi-space-size=1'], isPromised: false },
] as const;

type Profile = (typeof PROFILES)[number];

type Running = { readonly child: ChildProcess; readonly pid: number; readonly socket: string };

async function startDaemon(bundle: string, device: Device, { flags }: Profile): Promise<Running> {
  const child = spawn(
    process.execPath,
    [...flags, bundle, 'aktualizr', '--config', device.configDir, 'full'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  await once(child.stdout, 'data');
  child.stdout.resume();
  return { child, pid: child.pid ?? 0, socket: path.join(path.dirname(device.configDir), 'control.sock') };
}

/** Milliseconds from the signal to the end. */
async function stop({ child }: Running): Promise<number> {
  const started = performance.now();
  const ended = once(child, 'close');
  child.kill('SIGTERM');
  await ended;
  return performance.now() - started;
}

function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

function residentMiB(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

const agent = new Agent({ keepAlive: true, maxSockets: 1 });

async function post(socketPath: string, verb: string): Promise<unknown> {
  const outgoing = request({ socketPath, method: 'POST', path: `/v1/${verb}`, agent });
  outgoing.end();
  const [message] = (await once(outgoing, 'response')) as [AsyncIterable<Buffer>];
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk);
  return (JSON.parse(Buffer.concat(chunks).toString()) as { outcome: unknown }).outcome;
}

async function benchIdle(emit: Emit, running: Running, { name, isPromised }: Profile): Promise<void> {
  await sleep(5000);
  const before = cpuSeconds(running.pid);
  await sleep(POLLED_SECONDS * 1000);
  const share = ((cpuSeconds(running.pid) - before) / POLLED_SECONDS) * 100;
  emit({
    name: `${name}, polling each second: share of a core`,
    value: rounded(share),
    unit: '%',
    against: 'the original: 2.4 %',
    ...(isPromised ? { promised: '≤ 1 %', kept: share <= 1 } : {}),
  });
}

async function benchPolls(
  emit: Emit,
  { pid, socket }: Running,
  { name, isPromised }: Profile,
): Promise<void> {
  const polls = async (count: number) => {
    for (let poll = 0; poll < count; poll += 1) {
      const outcome = await post(socket, 'check');
      if (outcome !== 'nothing_new') throw new Error(`a check ended with ${String(outcome)}`);
    }
  };
  await polls(POLLS / 10);
  const early = residentMiB(pid);
  const before = cpuSeconds(pid);
  await polls(POLLS);
  const late = residentMiB(pid);
  const each = ((cpuSeconds(pid) - before) / POLLS) * 1000;
  emit({ name: `${name}: CPU of a check asked for on the socket`, value: rounded(each), unit: 'ms' });
  emit({ name: `${name}: resident memory after ${POLLS / 10} polls`, value: rounded(early), unit: 'MiB' });
  emit({
    name: `${name}: resident memory after ${POLLS} more`,
    value: rounded(late),
    unit: 'MiB',
    against: `after ${POLLS / 10} polls`,
    ...(isPromised ? { promised: '≤ 70 MiB and flat', kept: late <= 70 && late <= early * 1.05 } : {}),
  });
}

async function benchDownload(
  emit: Emit,
  { pid, socket }: Running,
  { name, isPromised }: Profile,
): Promise<void> {
  const outcome = await post(socket, 'once');
  if (outcome !== 'installed') throw new Error(`the update ended with ${String(outcome)}`);
  const value = residentMiB(pid);
  emit({
    name: `${name}: resident memory after a ${LARGE_MIB} MiB update`,
    value: rounded(value),
    unit: 'MiB',
    ...(isPromised ? { promised: '≤ 110 MiB', kept: value <= 110 } : {}),
  });
}

function makeImage(system: System, name: string): string {
  const file = path.join(system.folder, `${name}.bin`);
  const out = openSync(file, 'w');
  for (let written = 0; written < LARGE_MIB; written += 1) writeSync(out, randomBytes(MEBI));
  closeSync(out);
  return file;
}

async function benchProfile(emit: Emit, system: System, bundle: string, profile: Profile): Promise<void> {
  const name = profile.isPromised ? 'bench-daemon' : 'bench-small-daemon';
  const device = await createDevice(system, name);
  const polling = await startDaemon(bundle, device, profile);
  await benchIdle(emit, polling, profile);
  await benchPolls(emit, polling, profile);
  const endedAfter = await stop(polling);
  emit({ name: `${profile.name}: from SIGTERM to the end`, value: rounded(endedAfter), unit: 'ms' });
  // By hand alone from here on, so that the update is the one that is measured.
  const waiting = await createDevice(system, `${name}-2`, { extra: 'enable_online_updates = false\n' });
  const running = await startDaemon(bundle, waiting, profile);
  await post(running.socket, 'check');
  const file = makeImage(system, name);
  await system.ota('group', 'create', '--name', name, '--expression', `deviceid contains ${name}-2`);
  await launchCampaign(system, { name, file, group: name });
  await benchDownload(emit, running, profile);
  await stop(running);
}

export async function daemonBench(emit: Emit): Promise<void> {
  const system = await startSystem();
  try {
    const bundle = await bundleAktualizr(path.join(system.folder, 'bundle'));
    for (const profile of PROFILES) await benchProfile(emit, system, bundle, profile);
  } finally {
    agent.destroy();
    await system.stop();
  }
}
