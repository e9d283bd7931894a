// `npm start` as a newcomer uses it: the first start tells the story, a second one finds its data, Ctrl-C ends both well.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { freePort } from './support/system.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(path.join(tmpdir(), 'start-test-'));
const dataDir = path.join(folder, 'data');
let env: NodeJS.ProcessEnv;

before(async () => {
  env = {
    ...process.env,
    OTA_CONNECT_DATA_DIR: dataDir,
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
    const before = run.text().length;
    run.child.kill('SIGINT');
    assert.equal(await run.ended, 0, run.text());
    assert.equal(run.text().slice(before), `\nStopping; the data stays in ${shown(dataDir)}.\n`);
    assert.match(readFileSync(path.join(dataDir, 'server.log'), 'utf8'), /^OTA Connect \S+ serves /);
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

  it('says in one sentence that the port is in use and ends with 1, whoever holds it', async () => {
    const other = createServer().listen(Number(env['OTA_CONNECT_API_PORT']), '127.0.0.1');
    await once(other, 'listening');
    await refuses({}, /^ota-connect: Port \d+ for the user API is in use\./);
    other.close();
  });
});

describe('npm start beside another OTA Connect', () => {
  let other: Run;
  before(async () => {
    other = start();
    await reaches(other, 'serving');
  });
  after(async () => {
    other.child.kill('SIGINT');
    await other.ended;
  });

  it('names the other and ends with 1, in the same folder, and leaves its files alone', async () => {
    const files = readdirSync(dataDir).toSorted();
    const log = readFileSync(path.join(dataDir, 'server.log'), 'utf8');
    await refuses({}, /^ota-connect: Another OTA Connect \(process \d+\) uses /);
    assert.deepEqual(readdirSync(dataDir).toSorted(), files);
    assert.equal(readFileSync(path.join(dataDir, 'server.log'), 'utf8'), log);
  });

  it('says that the port is in use, in another clone, and leaves nothing there', async () => {
    const fresh = path.join(folder, 'fresh');
    const elsewhere = { OTA_CONNECT_DATA_DIR: fresh };
    await refuses(elsewhere, /^ota-connect: Port \d+ for the user API is in use\./);
    assert.equal(existsSync(fresh), false);
    const otherApi = { ...elsewhere, OTA_CONNECT_API_PORT: String(await freePort()) };
    await refuses(otherApi, /^ota-connect: Port \d+ for the device gateway is in use\./);
    assert.equal(existsSync(fresh), false);
  });
});

/** One line is all that such a start prints. */
async function refuses(changes: NodeJS.ProcessEnv, sentence: RegExp): Promise<void> {
  const run = start(changes);
  assert.equal(await run.ended, 1, run.text());
  assert.match(run.text(), sentence);
  assert.equal(run.text().trimEnd().split('\n').length, 1, run.text());
}

/** As `npm start` names a folder. */
function shown(absolute: string): string {
  return path.relative(root, absolute);
}
