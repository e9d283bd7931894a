// The story of the first update, told as it happens: every step prints the command that a person would type and runs it.
// Steps that are already done (an earlier start was interrupted) are left out, so that telling it again goes on.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { styleText } from 'node:util';
import { type DemoDevice, HARDWARE_ID, prepareDevice } from './demo-device.ts';
import { type Shell, StoryError } from './run-command.ts';
import type { ServerProcess } from './server-process.ts';

const IMAGE = 'demo-firmware-1.bin';
const IMAGE_BYTES = 1024 * 1024;
const GROUP = 'demo-vehicles';
const UPDATE = 'demo-firmware-1';
const CAMPAIGN = 'first-update';
/** Exit code of aktualizr. */
const CREDENTIALS_REFUSED = 77;
/** Background work of the server looks for what is due every few seconds. */
const SERVER_WORK_MS = 30_000;

export type Told = {
  readonly device: DemoDevice;
  readonly imageFile: string;
  readonly filename: string;
  /** Milliseconds from the start of this process to the end of the first update; undefined when it was not the first. */
  readonly firstUpdateMs: number | undefined;
};

type Named = { readonly id: string; readonly name: string; readonly status?: string };
type Listed<T> = { readonly values: readonly T[] };
type Stats = { readonly status: string; readonly scheduled: number; readonly successful: number };

export async function tellStory(shell: Shell, server: ServerProcess, dataDir: string): Promise<Told> {
  const imageFile = path.join(dataDir, 'demo-software', IMAGE);
  const found = prepareDevice(path.join(dataDir, 'demo-device'));

  step('The operator signs in');
  await shell.show(
    'ota',
    'login',
    '--url',
    server.apiUrl,
    '--token-file',
    path.join(dataDir, 'operator-token'),
  );

  if (found.isProvisioned() && (await isUpToDate(shell, found.id))) {
    step('The data of an earlier start is here: the demo device exists and is up to date');
    await shell.show('ota', 'device', 'list');
    step('The device still talks to the server');
    await aktualizr(shell, found, 'check');
    return { device: found, imageFile, filename: IMAGE, firstUpdateMs: undefined };
  }
  const device = await provision(shell, found);
  await defineUpdate(shell, imageFile, device.id);
  const campaignId = await launch(shell);
  await accept(shell, campaignId, device);

  step('The device checks, downloads, verifies, installs and reports');
  await aktualizr(shell, device, 'once');
  const firstUpdateMs = performance.now();

  step('The server shows the campaign finished');
  await untilStats(shell, campaignId, 'finished', (stats) => stats.status === 'finished');
  await shell.show('ota', 'campaign', 'stats', CAMPAIGN);
  step('The device says what it runs');
  await shell.show('aktualizr-info', '--config', device.configDir);
  return { device, imageFile, filename: IMAGE, firstUpdateMs };
}

function aktualizr(shell: Shell, device: DemoDevice, ...words: string[]): Promise<string> {
  return shell.show('aktualizr', ...words, '--config', device.configDir);
}

async function provision(shell: Shell, found: DemoDevice): Promise<DemoDevice> {
  if (!existsSync(found.credentialsFile)) await makeCredentials(shell, found);
  step(`A device starts for the first time (its configuration is in ${found.configDir})`);
  const device = await firstContact(shell, found);
  step('The server knows the device');
  await shell.show('ota', 'device', 'list');
  return device;
}

async function makeCredentials(shell: Shell, device: DemoDevice): Promise<void> {
  step('Shared credentials are made for new devices');
  const words = ['--output', device.credentialsFile, '--description', 'demo'];
  await shell.show('ota', 'credentials', 'create', ...words);
}

/** A start that was interrupted while the server answered leaves an id that nobody holds the key of. */
async function firstContact(shell: Shell, found: DemoDevice): Promise<DemoDevice> {
  try {
    await aktualizr(shell, found, 'check');
    return found;
  } catch (error) {
    if (!(error instanceof StoryError) || error.exitCode !== CREDENTIALS_REFUSED) throw error;
    const device = found.reborn();
    await makeCredentials(shell, device);
    step('An earlier start was interrupted while the device was provisioned: it begins again under a new id');
    await aktualizr(shell, device, 'check');
    return device;
  }
}

async function defineUpdate(shell: Shell, imageFile: string, deviceId: string): Promise<void> {
  if (!existsSync(imageFile)) {
    mkdirSync(path.dirname(imageFile), { recursive: true });
    writeFileSync(imageFile, randomBytes(IMAGE_BYTES));
  }
  step('Software is uploaded and signed');
  const labels = ['--name', 'demo firmware', '--version', '1'];
  await shell.show('ota', 'software', 'upload', imageFile, '--hardware-ids', HARDWARE_ID, ...labels);
  if ((await find(shell, 'group', GROUP)) === undefined) {
    step('A group of devices is defined');
    await shell.show('ota', 'group', 'create', '--name', GROUP, '--device', deviceId);
  }
  if ((await find(shell, 'update', UPDATE)) === undefined) {
    step('An update is defined: which software on which hardware');
    const target = `${HARDWARE_ID}=${IMAGE}`;
    await shell.show('ota', 'update', 'create', '--name', UPDATE, '--target', target);
  }
}

async function launch(shell: Shell): Promise<string> {
  if ((await find(shell, 'campaign', CAMPAIGN)) === undefined) {
    step('A campaign is planned that asks each device for its consent');
    const plan = ['--name', CAMPAIGN, '--update', UPDATE, '--group', GROUP, '--approval-needed'];
    const texts = ['--description', 'Your first update over the air', '--estimated-installation', '10'];
    await shell.show('ota', 'campaign', 'create', ...plan, ...texts);
  }
  const campaign = await find(shell, 'campaign', CAMPAIGN);
  if (campaign === undefined) throw new StoryError(`The server does not list the campaign ${CAMPAIGN}.`);
  if (campaign.status === 'prepared') {
    step('The campaign is launched');
    await shell.show('ota', 'campaign', 'launch', CAMPAIGN);
  }
  return campaign.id;
}

async function accept(shell: Shell, campaignId: string, device: DemoDevice): Promise<void> {
  const isAsked = (stats: Stats): boolean => stats.scheduled > 0 || stats.status === 'finished';
  // An earlier start may have accepted it already; then nothing waits for consent any more.
  const [state] = await deviceStates(shell, campaignId);
  if (state === 'accepted' || state === 'successful') return;
  await untilStats(shell, campaignId, 'waiting for consent', isAsked);
  step('The device is asked');
  await aktualizr(shell, device, 'campaign_check');
  step('Somebody in the vehicle accepts');
  await aktualizr(shell, device, 'campaign_accept', '--campaign-id', campaignId);
}

async function deviceStates(shell: Shell, campaignId: string): Promise<readonly string[]> {
  const answer = await shell.ask('campaign', 'devices', campaignId);
  return (answer as Listed<{ readonly state: string }>).values.map((device) => device.state);
}

async function isUpToDate(shell: Shell, deviceId: string): Promise<boolean> {
  const { values } = (await shell.ask('device', 'list')) as Listed<{
    readonly deviceId: string;
    readonly ecus?: readonly { readonly installed?: { readonly filename: string } }[];
  }>;
  const device = values.find((each) => each.deviceId === deviceId);
  if (device === undefined) return false;
  const { ecus } = (await shell.ask('device', 'show', deviceId)) as typeof device;
  return ecus?.some((ecu) => ecu.installed?.filename === IMAGE) ?? false;
}

async function find(shell: Shell, noun: string, name: string): Promise<Named | undefined> {
  const { values } = (await shell.ask(noun, 'list')) as Listed<Named>;
  return values.find((each) => each.name === name);
}

async function untilStats(
  shell: Shell,
  campaignId: string,
  what: string,
  holds: (stats: Stats) => boolean,
): Promise<void> {
  const started = performance.now();
  while (performance.now() - started < SERVER_WORK_MS) {
    const stats = (await shell.ask('campaign', 'stats', campaignId)) as Stats;
    if (holds(stats)) return;
    await sleep(200);
  }
  throw new StoryError(`The campaign was not ${what} within ${SERVER_WORK_MS / 1000} s.`);
}

let steps = 0;

function step(sentence: string): void {
  steps += 1;
  process.stdout.write(`\n${styleText('bold', `${steps}. ${sentence}`)}\n`);
}
