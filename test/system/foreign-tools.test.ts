// What we write is read by the tools that others use: openssl, curl, unzip, sqlite3.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gatewayClient, readCredentials } from '../../e2e/support/gateway-client.ts';
import { createDevice, startSystem, type System } from '../../e2e/support/system.ts';

function tool(command: string, ...args: string[]): { readonly code: number | null; readonly out: string } {
  const done = spawnSync(command, args, { encoding: 'utf8' });
  return { code: done.status, out: `${done.stdout}${done.stderr}` };
}

describe('foreign tools', () => {
  let system: System;
  let zip: string;
  let p12: string;
  let ca: string;
  before(async () => {
    system = await startSystem();
    zip = path.join(system.folder, 'credentials.zip');
    p12 = path.join(system.folder, 'device.p12');
    ca = path.join(system.folder, 'ca.pem');
    await system.ota('credentials', 'create', '--output', zip);
    const credentials = readCredentials(zip);
    const bootstrap = gatewayClient(system.gatewayUrl, credentials);
    const answer = await bootstrap.send(
      'POST',
      '/devices',
      JSON.stringify({ deviceId: 'foreign', ttl: '365' }),
    );
    bootstrap.close();
    writeFileSync(p12, answer.body);
    writeFileSync(ca, credentials.ca);
  });
  after(() => system.stop());

  it('unzip lists the members of credentials.zip', () => {
    const { code, out } = tool('unzip', '-t', zip);
    assert.equal(code, 0, out);
    for (const member of ['autoprov.url', 'autoprov_credentials.p12', 'server_ca.pem'])
      assert.match(out, new RegExp(member));
  });

  it('openssl opens the PKCS#12 of a device with an empty password and finds key, certificate and authority', () => {
    const { code, out } = tool('openssl', 'pkcs12', '-in', p12, '-passin', 'pass:', '-nodes');
    assert.equal(code, 0, out);
    assert.match(out, /BEGIN PRIVATE KEY/);
    assert.equal(out.match(/BEGIN CERTIFICATE/g)?.length, 2);
    assert.match(out, /subject=.*CN ?= ?foreign/);
  });

  it('curl reads metadata with that PKCS#12, and is refused without it', () => {
    const url = `${system.gatewayUrl}/repo/1.root.json`;
    const served = tool('curl', '-sS', '--cacert', ca, '--cert-type', 'P12', '--cert', `${p12}:`, url);
    assert.equal(served.code, 0, served.out);
    assert.match(served.out, /"_type":"Root"/);
    const refused = tool('curl', '-sS', '--cacert', ca, url);
    assert.notEqual(refused.code, 0);
    assert.doesNotMatch(refused.out, /_type/);
  });

  it('sqlite3 opens the storage of a device after a clean close: schema 25, intact, one file', async () => {
    const device = await createDevice(system, 'storage-of-foreign');
    assert.equal((await device.aktualizr('check')).code, 0);
    const database = path.join(device.storageDir, 'sql.db');
    assert.equal(tool('sqlite3', database, 'PRAGMA integrity_check;').out.trim(), 'ok');
    assert.equal(tool('sqlite3', database, 'SELECT version FROM version;').out.trim(), '25');
    assert.equal(
      tool('sh', '-c', `ls ${device.storageDir} | grep -c -- '-journal\\|-wal\\|-shm'`).out.trim(),
      '0',
    );
  });
});
