// What the service manager is told, through a program in the place of systemd-notify that writes down its arguments. The
// real one, and the real manager, are in test/system/systemd.test.ts.
import { afterEach, beforeEach, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { defaultConfig } from '@ota-connect/libaktualizr/config/defaults';
import { setStage } from '../../../packages/libaktualizr/test/support/stage.ts';
import { createOutput } from './output.ts';
import { createSupervision, type Supervised, type Supervision } from './systemd-notify.ts';

const KEPT = ['PATH', 'NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID'] as const;

describe('service manager', () => {
  const stage = setStage();
  const before = new Map(KEPT.map((name) => [name, process.env[name]]));
  let folder: string;
  let told: string;
  let said: string[];
  let supervision: Supervision | undefined;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'notify-'));
    told = path.join(folder, 'told');
    said = [];
    // One line a message; the socket's name shows that it was handed over.
    const program = path.join(folder, 'systemd-notify');
    writeFileSync(program, `#!/bin/sh\necho "$NOTIFY_SOCKET $*" >> ${told}\n`);
    chmodSync(program, 0o755);
    process.env.PATH = `${folder}:${process.env.PATH}`;
    process.env.NOTIFY_SOCKET = 'manager';
  });
  afterEach(() => {
    supervision?.close();
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    rmSync(folder, { recursive: true, force: true });
  });

  async function supervise(polling: Supervised['polling'] = { nextPollAt: 1 }): Promise<Supervision> {
    const { aktualizr } = await stage.open();
    const output = createOutput(({ text }) => void said.push(text));
    supervision = createSupervision({ config: defaultConfig(), aktualizr, polling, output });
    return supervision;
  }

  async function heard(count: number): Promise<readonly string[]> {
    for (;;) {
      const lines = existsSync(told) ? readFileSync(told, 'utf8').trim().split('\n') : [];
      if (lines.length >= count) return lines;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  it('hears in order that the daemon is ready, what it does, that it reloads and that it stops', async () => {
    const { ready, status, during, stopping } = await supervise();
    ready('Polling');
    status('installed');
    await during('reload', async () => undefined);
    stopping();
    const [first, second, third = '', fourth, fifth] = await heard(5);
    assert.equal(first, 'manager READY=1 STATUS=Polling');
    assert.equal(second, 'manager STATUS=installed');
    assert.match(third, /^manager RELOADING=1 MONOTONIC_USEC=\d+$/);
    assert.equal(fourth, 'manager READY=1');
    assert.equal(fifth, 'manager STOPPING=1 STATUS=Stopping');
  });

  it('gets the watchdog’s food while the daemon pauses, and hooks do not get its socket', async () => {
    process.env.WATCHDOG_USEC = '20000';
    await supervise();
    assert.equal(process.env.NOTIFY_SOCKET, undefined);
    assert.deepEqual(new Set(await heard(3)), new Set(['manager WATCHDOG=1']));
  });

  it('is fed by nobody for another process', async () => {
    process.env.WATCHDOG_USEC = '5000';
    process.env.WATCHDOG_PID = '1';
    const { ready } = await supervise();
    await new Promise((resolve) => setTimeout(resolve, 30));
    ready('Polling');
    assert.deepEqual(await heard(1), ['manager READY=1 STATUS=Polling']);
  });

  it('is fed no more once a cycle has shown no sign of life for too long', async (context) => {
    process.env.WATCHDOG_USEC = '10000';
    const { aktualizr } = await stage.open();
    supervision = createSupervision({
      config: defaultConfig(),
      aktualizr: {
        subscribe: () => () => undefined,
        status: () => ({ ...aktualizr.status(), isBusy: true }),
      },
      polling: { nextPollAt: undefined },
      output: createOutput(() => undefined),
    });
    await heard(1);
    context.mock.method(performance, 'now', () => Number.MAX_SAFE_INTEGER);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const count = (await heard(1)).length;
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal((await heard(1)).length, count);
  });

  it('cannot be told where the program is missing: said once, and the daemon works on', async () => {
    process.env.PATH = folder;
    rmSync(path.join(folder, 'systemd-notify'));
    const { ready, status } = await supervise();
    ready('Polling');
    status('x');
    while (said.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.match(said.join(), /The service manager cannot be told of our state: .*ENOENT/);
    assert.equal(said.length, 1);
  });

  it('is nobody without NOTIFY_SOCKET', async () => {
    delete process.env.NOTIFY_SOCKET;
    const { ready, during } = await supervise();
    ready('Polling');
    await during('reload', async () => undefined);
    assert.equal(existsSync(told), false);
  });
});
