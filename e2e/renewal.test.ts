// A device renews its certificate before it ends: a new key, the same name, and no moment at which a kill costs the
// device its identity. The certificates of this test last two days, so that they are always about to end.
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  createDevice,
  type Device,
  finished,
  runCommand,
  start,
  startSystem,
  type System,
} from './support/system.ts';

const KILLER = new URL('support/kill-at-boundary.mjs', import.meta.url).href;

type Identity = { readonly cert: string; readonly key: string; readonly ca: string };

async function identityOf(configDir: string): Promise<Identity> {
  const item = async (option: string) =>
    (await runCommand('aktualizr-info', ['--config', configDir, option])).stdout;
  return {
    cert: await item('--tls-cert'),
    key: await item('--tls-prv-key'),
    ca: await item('--tls-root-ca'),
  };
}

/** How the gateway answers to somebody with this identity. */
async function statusFor(system: System, identity: Identity): Promise<number> {
  const agent = new Agent(identity);
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  request(new URL('/repo/1.root.json', system.gatewayUrl), { agent }, (answer) => {
    answer.resume();
    resolve(answer.statusCode ?? 0);
  })
    .on('error', reject)
    .end();
  return promise.finally(() => agent.destroy());
}

/** A device that is provisioned, and renews its certificate with its next command. */
async function shortLived(system: System, name: string): Promise<Device> {
  const device = await createDevice(system, name);
  const [days, notYet] = ['20-days.toml', '30-not-yet.toml'].map((file) => path.join(device.configDir, file));
  writeFileSync(days ?? '', '[provision]\nexpiry_days = "2"\n');
  writeFileSync(notYet ?? '', '[provision]\nrenew_before_days = 0\n');
  const { code, stderr } = await device.aktualizr('check');
  assert.equal(code, 0, stderr);
  rmSync(notYet ?? '');
  return device;
}

describe('renewal of device certificates', () => {
  let system: System;
  before(async () => {
    system = await startSystem();
  });
  after(() => system.stop());

  it('gives a device a new key and certificate with its next command; the old ones are good to their end', async () => {
    const device = await shortLived(system, 'short-lived');
    const old = await identityOf(device.configDir);
    const renewing = await device.aktualizr('check');
    assert.equal(renewing.code, 0, renewing.stderr);
    assert.match(renewing.stderr, /The certificate of this device was renewed; it is valid until 20/);
    const renewed = await identityOf(device.configDir);
    assert.notEqual(renewed.cert, old.cert);
    assert.notEqual(renewed.key, old.key);
    assert.deepEqual([await statusFor(system, old), await statusFor(system, renewed)], [200, 200]);
    const later = await device.aktualizr('check');
    assert.equal(later.code, 0);
    assert.doesNotMatch(later.stderr, /renewed/);
    assert.equal((await identityOf(device.configDir)).cert, renewed.cert);
  });

  it('loses nothing when the device is killed just before or just after it saves the new identity', async () => {
    const device = await shortLived(system, 'killed');
    for (const when of ['before', 'after']) {
      const killed = await finished(
        start('aktualizr', ['--config', device.configDir, 'check'], {
          NODE_OPTIONS: `--import=${KILLER}`,
          KILL_TABLE: 'tls_creds',
          KILL_AT_SAVE: '1',
          KILL_WHEN: when,
        }),
      );
      assert.equal(killed.signal, 'SIGKILL', killed.stderr);
      assert.equal(await statusFor(system, await identityOf(device.configDir)), 200);
    }
    const next = await device.aktualizr('check');
    assert.equal(next.code, 0, next.stderr);
  });

  it('ends with the device: one that was deleted is told to provision itself anew, and how', async () => {
    const device = await createDevice(system, 'deleted');
    assert.equal((await device.aktualizr('check')).code, 0);
    await system.ota('device', 'delete', 'deleted');
    const refused = await device.aktualizr('check');
    assert.equal(refused.code, 77, refused.stderr);
    assert.match(refused.stderr, /does not know this device.*delete the database in storage\.path/);
    rmSync(path.join(device.storageDir, 'sql.db'));
    const archive = path.join(system.folder, 'deleted', 'credentials.zip');
    rmSync(archive);
    await system.ota('credentials', 'create', '--output', archive);
    const anew = await device.aktualizr('check');
    assert.equal(anew.code, 0, anew.stderr);
  });
});
