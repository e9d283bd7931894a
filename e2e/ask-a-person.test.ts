// examples/ask-a-person as an integrator installs it: a daemon whose hook holds an installation back, a person who answers
// on the page or at a terminal, a deadline, and quiet hours. Real server, real daemon, the example's own files.
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { launchCampaign, makeImage } from './support/campaign.ts';
import { createDevice, finished, startSystem, type Device, type System } from './support/system.ts';

const EXAMPLE = fileURLToPath(new URL('../examples/ask-a-person', import.meta.url));

type Settings = { readonly quietHours?: string; readonly deadlineHours?: number };
type Question = { readonly targets: readonly string[]; readonly answer: string | null };
type Installed = {
  readonly device: Device;
  readonly folder: string;
  readonly settings: (changes: Settings) => void;
  readonly questions: () => ReadonlyMap<string, Question>;
};

describe('asking a person', () => {
  let system: System;
  before(async () => {
    system = await startSystem();
  });
  after(() => system.stop());

  /** The example's folder, copied and set; a device whose hook it is, with an update that waits for it. */
  async function install(name: string, changes: Settings): Promise<Installed> {
    const folder = path.join(system.folder, `${name}-ask`);
    cpSync(EXAMPLE, folder, { recursive: true });
    const answers = path.join(folder, 'answers.json');
    const socket = path.join(system.folder, name, 'control.sock');
    const settings = (given: Settings) =>
      writeFileSync(
        path.join(folder, 'settings.json'),
        JSON.stringify({ answers, socket, quietHours: '', deadlineHours: 72, ...given }),
      );
    settings(changes);
    const device = await createDevice(system, name, {
      extra: `[hooks]\nprogram = "${path.join(folder, 'hook.mjs')}"\n`,
    });
    assert.equal((await device.aktualizr('check')).code, 0);
    await system.ota('group', 'create', '--name', name, '--device', name);
    await launchCampaign(system, { name, file: makeImage(system, `${name}.bin`, 5000), group: name });
    const questions = () => new Map(Object.entries(JSON.parse(readFileSync(answers, 'utf8')) as object));
    return { device, folder, settings, questions };
  }

  it('holds the installation back until the page says yes', async () => {
    const { device, folder, questions } = await install('asked-on-page', {});
    const daemon = device.spawn('full');
    const page = program(folder, 'page.mjs', '0');
    try {
      const address = await firstLine(page);
      await until('a question', async () => (await html(address)).includes('asked-on-page.bin'));
      assert.equal(await installedOn(device), undefined);
      assert.equal([...questions().values()][0]?.answer, null);
      const shown = await html(address);
      const form = new URLSearchParams({ id: valueOf(shown, 'id'), answer: 'yes' });
      // Without the page's own token it is nobody's answer.
      assert.equal((await send(address, form)).status, 403);
      assert.equal((await send(address, form, { host: 'evil.example' })).status, 421);
      form.set('token', valueOf(shown, 'token'));
      assert.equal((await send(address, form)).status, 303);
      await until('the installation', async () => (await installedOn(device)) === 'asked-on-page.bin');
    } finally {
      await end(page);
      await end(daemon);
    }
  });

  it('asks at a terminal, and again after a "later"', async () => {
    const { device, folder, questions } = await install('asked-at-terminal', {});
    const daemon = device.spawn('full');
    try {
      await until('a question', async () => isWritten(questions) && questions().size === 1);
      assert.match(
        await typed(folder, 'later\n'),
        /Install asked-at-terminal\.bin now\?.*Asked again later/s,
      );
      assert.equal([...questions().values()][0]?.answer, 'later');
      assert.match(await typed(folder, 'yes\n'), /Install asked-at-terminal\.bin now\?.*installed/s);
      assert.equal(await installedOn(device), 'asked-at-terminal.bin');
      assert.match(await typed(folder, ''), /Nothing waits for an answer/);
    } finally {
      await end(daemon);
    }
  });

  it('goes on by itself after the deadline, but not in quiet hours; the reason is told', async () => {
    const { device, settings } = await install('never-answered', { deadlineHours: 72 });
    const waits = await device.aktualizr('once');
    assert.equal(waits.code, 0, waits.stderr);
    assert.match(waits.stdout, /waits for an answer; at the latest 20/);
    settings({ deadlineHours: 0, quietHours: '00:00-23:59' });
    // The one minute of the day that is not quiet.
    if (new Date().toTimeString().startsWith('23:59')) await sleep(60_000);
    assert.match((await device.aktualizr('once')).stdout, /quiet hours last until 23:59/);
    settings({ deadlineHours: 0, quietHours: '' });
    assert.match((await device.aktualizr('once')).stdout, /Installed: never-answered\.bin/);
  });

  it('refuses settings that it does not understand, and the update waits', async () => {
    const { device, settings } = await install('misspelt', {});
    settings({ quietHours: '10pm to 6am' });
    const held = await device.aktualizr('once');
    assert.doesNotMatch(held.stdout, /Installed/);
    assert.match(held.stdout + held.stderr, /quietHours "10pm to 6am" is not of the form 22:00-06:00/);
  });
});

function program(folder: string, name: string, ...args: string[]): ChildProcess {
  return spawn(process.execPath, [path.join(folder, name), ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
}

async function typed(folder: string, text: string): Promise<string> {
  const terminal = program(folder, 'terminal.mjs');
  terminal.stdin?.end(text);
  const { code, stdout } = await finished(terminal);
  assert.equal(code, 0, stdout);
  return stdout;
}

async function firstLine({ stdout }: ChildProcess): Promise<string> {
  assert.ok(stdout);
  const [line] = (await once(stdout.setEncoding('utf8'), 'data')) as [string];
  return line.trim();
}

async function html(address: string): Promise<string> {
  const answer = await fetch(address);
  assert.equal(answer.status, 200);
  return answer.text();
}

/** fetch would not let a test lie about its host. */
async function send(
  address: string,
  form: URLSearchParams,
  headers: Record<string, string> = {},
): Promise<{ readonly status: number }> {
  const { request } = await import('node:http');
  const type = { 'content-type': 'application/x-www-form-urlencoded' };
  const call = request(new URL('answer', address), { method: 'POST', headers: { ...type, ...headers } });
  call.end(form.toString());
  const [response] = (await once(call, 'response')) as [IncomingMessage];
  response.resume();
  return { status: response.statusCode ?? 0 };
}

function valueOf(page: string, name: string): string {
  return new RegExp(`name="${name}" value="([^"]*)"`).exec(page)?.[1]?.replaceAll('&#58;', ':') ?? '';
}

function isWritten(questions: Installed['questions']): boolean {
  try {
    questions();
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
}

async function installedOn(device: Device): Promise<string | undefined> {
  const { primary } = (await device.info()) as { primary?: { current?: { name?: string } | null } };
  return primary?.current?.name;
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (await holds()) return;
    await sleep(100);
  }
  assert.fail(`${what} did not come within 20 s`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}
