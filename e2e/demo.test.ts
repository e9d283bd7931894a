// The story as a newcomer runs it. `npm run demo` ends with 0 only if the file on the device, aktualizr-info and the
// server agree on the update, so its exit code is the assertion.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

describe('npm run demo', () => {
  it('updates a device over the air, tells how, measures and leaves nothing behind', async () => {
    const temporary = mkdtempSync(path.join(tmpdir(), 'demo-test-'));
    const child = spawn(process.execPath, ['scripts/demo.ts'], {
      cwd: root,
      env: { ...process.env, TMPDIR: temporary, HOME: temporary, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    }
    const code = await new Promise((resolve) => child.on('close', resolve));
    assert.equal(code, 0, text);
    for (const command of [
      /\$ npx --no ota login /,
      /\$ npx --no ota software upload /,
      /\$ npx --no ota campaign launch /,
      /\$ npx --no aktualizr campaign_accept --campaign-id \S+ --config /,
      /\$ npx --no aktualizr once --config /,
    ]) {
      assert.match(text, command);
    }
    assert.match(text, /First update \d+\.\d s after the set-up's end/);
    assert.match(text, /Resident memory of the idle server: \d+ MiB/);
    // Node's own cache of compiled code stays, as for every command.
    const left = readdirSync(temporary).filter((name) => name !== 'node-compile-cache');
    assert.deepEqual(left, []);
    rmSync(temporary, { recursive: true });
  });
});
