// What the real process says to a credentials archive that is of no use: 77, one sentence that names the archive, and
// the archive stays as it was.
import { afterEach, beforeEach, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { issue, type Issued } from '../../../packages/libaktualizr/test/support/certificates.ts';
import { credentialsArchive } from '../../../packages/libaktualizr/test/support/credentials-archive.ts';
import { openPkcs12 } from '../../../packages/libaktualizr/test/support/pkcs12.ts';
import {
  openTestGateway,
  type TestGateway,
} from '../../../packages/libaktualizr/test/support/test-gateway.ts';
import { deviceFolder, type Folder } from './process.ts';

describe('aktualizr process with a credentials archive', () => {
  let gateway: TestGateway;
  let folder: Folder;
  beforeEach(async () => {
    gateway = await openTestGateway();
    folder = deviceFolder(gateway);
  });
  afterEach(async () => {
    folder.remove();
    await gateway.close();
  });

  function archive(shared?: Issued): Uint8Array {
    return credentialsArchive({
      gatewayUrl: gateway.url,
      serverCa: gateway.authority.certificate,
      ...(shared === undefined ? {} : { shared }),
    });
  }

  async function expectProvisioning(): Promise<void> {
    const own = await issue({ commonName: 'device-7' }, gateway.authority);
    const body = openPkcs12(own, gateway.authority.certificate);
    gateway.answerOf = ({ path }) => (path === '/devices' ? { status: 200, headers: {}, body } : undefined);
    folder.provisionWith(archive(await issue({ commonName: 'shared' }, gateway.authority)));
    const run = await folder.run('check');
    assert.equal(run.code, 0, run.stderr);
    assert.equal(gateway.requests[0]?.path, '/devices');
  }

  async function expectRefusal(bytes: Uint8Array, sentence: RegExp): Promise<void> {
    const file = folder.provisionWith(bytes);
    const run = await folder.run('check');
    assert.equal(run.code, 77, run.stderr + run.stdout);
    assert.match(run.stderr, sentence);
    assert.ok(run.stderr.includes(file), run.stderr);
    assert.equal(run.stderr.trim().split('\n').length, 1, run.stderr);
    assert.deepEqual(readFileSync(file), Buffer.from(bytes));
    assert.deepEqual(gateway.requests, []);
  }

  it('has an expired one: 77', async () => {
    const expired = await issue({ commonName: 'shared', days: -1 }, gateway.authority);
    await expectRefusal(archive(expired), /expired on \d{4}-\d\d-\d\d: create a new credentials archive/);
  });

  it('has one that was used up: 77, also when this device never had credentials', async () => {
    await expectRefusal(
      archive(),
      /was already used by a device: give each device its own copy of a fresh credentials\.zip, or set provision\.mode = "SharedCredReuse"/,
    );
  });

  it('has one whose identity comes from another authority: 77, and goes on with one of this server', async () => {
    const stranger = await issue({ commonName: 'stranger', isAuthority: true });
    await expectRefusal(
      archive(await issue({ commonName: 'shared' }, stranger)),
      /does not accept the shared identity in .*: fetch a new credentials archive from this server/,
    );
    await expectProvisioning();
  });

  it('has one that is damaged: 77', async () => {
    await expectRefusal(archive().subarray(0, 100), /is damaged or no zip archive/);
  });

  it('has a good one and a server that is out of reach: 69', async () => {
    folder.provisionWith(archive(await issue({ commonName: 'shared' }, gateway.authority)));
    await gateway.close();
    const run = await folder.run('check');
    gateway = await openTestGateway();
    assert.equal(run.code, 69, run.stderr);
    assert.match(run.stderr, /cannot be reached: the connection was refused/);
  });
});
