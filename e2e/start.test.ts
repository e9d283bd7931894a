// `npm start` as a newcomer uses it: the first start tells the story, a second one finds its data, Ctrl-C ends both well.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { freePort } from './support/system.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(path.join(tmpdir(), 'start-test-'));
let env: NodeJS.ProcessEnv;

before(async () => {
  env = {
    ...process.env,
    OTA_CONNECT_DATA_DIR: path.join(folder, 'data'),
    OTA_CONNECT_API_PORT: String(await freePort()),
    OTA_CONNECT_GATEWAY_PORT: String(await freePort()),
    HOME: folder,
    XDG_CONFIG_HOME: path.join(folder, 'config'),
    NO_COLOR: '1',
  };
});
after(() => rmSync(folder, { recursive: true, force: true }));

type Run = { readonly child: ChildProcess; readonly ended: Promise<number | null>; text(): string };

function start(changes: NodeJS.ProcessEnv = {}): Run {
  const child = spawn(process.execPath, ['scripts/start.ts'], {
    cwd: root,
    env: { ...env, ...changes },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (text.includes('The device is asked')) child.emit('half-way');
      if (text.includes('Ctrl-C stops it')) child.emit('serving');
    });
  }
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  return { child, ended, text: () => text };
}

/** A start that ends before it gets so far is shown with all it said. */
async function reaches(run: Run, point: 'half-way' | 'serving'): Promise<void> {
  const code = await Promise.race([once(run.child, point).then(() => undefined), run.ended]);
  assert.equal(code, undefined, run.text());
}

describe('npm start', () => {
  it('tells the story, serves and ends with 0 on Ctrl-C', async () => {
    const run = start();
    await reaches(run, 'serving');
    assert.match(run.text(), /First update \d+\.\d s after the set-up's end/);
    const health = await fetch(`http://localhost:${env['OTA_CONNECT_API_PORT']}/health`);
    assert.equal(health.status, 200);
    run.child.kill('SIGINT');
    assert.equal(await run.ended, 0, run.text());
  });

  it('finds its data again, and the device still talks, when started a second time', async () => {
    const run = start();
    await reaches(run, 'serving');
    assert.match(run.text(), /Found the data of an earlier start/);
    assert.match(run.text(), /the demo device exists and is up to date/);
    assert.doesNotMatch(run.text(), /campaign/);
    run.child.kill('SIGTERM');
    assert.equal(await run.ended, 0, run.text());
  });

  it('goes on after Ctrl-C in the middle of the story', async () => {
    const elsewhere = { OTA_CONNECT_DATA_DIR: path.join(folder, 'interrupted') };
    const first = start(elsewhere);
    await reaches(first, 'half-way');
    first.child.kill('SIGINT');
    assert.equal(await first.ended, 0, first.text());
    const second = start(elsewhere);
    await reaches(second, 'serving');
    assert.match(second.text(), /Status: +finished/);
    assert.doesNotMatch(second.text(), /campaign is planned/);
    second.child.kill('SIGINT');
    assert.equal(await second.ended, 0, second.text());
  });

  it('says in one sentence that the port is in use and ends with 1', async () => {
    const other = createServer().listen(Number(env['OTA_CONNECT_API_PORT']), '127.0.0.1');
    await once(other, 'listening');
    const run = start();
    assert.equal(await run.ended, 1);
    assert.match(run.text(), /port .*in use/i);
    assert.doesNotMatch(run.text(), /\bat .*\.ts:\d+/);
    other.close();
  });
});
