import assert from 'node:assert/strict';
import { chmodSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';

import { unzipSync, zipSync } from 'fflate';

import { temporaryDirectory } from '../../test/temporary-directory.ts';
import { ProvisioningError } from '../errors.ts';
import { readCredentialsArchive, removeSharedIdentity } from './credentials-archive.ts';

const MEMBERS = {
  'autoprov.url': Buffer.from('https://gateway:8443\n'),
  'autoprov_credentials.p12': Buffer.from('P12'),
  'server_ca.pem': Buffer.from('PEM'),
  'treehub.json': Buffer.from('{}'),
  'notes.txt': Buffer.from('kept'),
};

function archive(test: TestContext, members: Record<string, Uint8Array>, name = 'credentials.zip'): string {
  const file = join(temporaryDirectory(test), name);
  writeFileSync(file, zipSync(members));
  return file;
}

function refusal(file: string): string {
  try {
    readCredentialsArchive(file);
  } catch (error) {
    assert.ok(error instanceof ProvisioningError, String(error));
    assert.equal(error.code, 'bad_credentials');
    assert.ok(error.message.includes(file));
    return error.message;
  }
  assert.fail('the archive was taken');
}

describe('credentials archive', () => {
  it('tells the gateway, the shared identity and the CA of the server', (test) => {
    const { gatewayUrl, sharedIdentity, serverCa } = readCredentialsArchive(archive(test, MEMBERS));
    assert.equal(gatewayUrl, 'https://gateway:8443');
    assert.equal(Buffer.from(sharedIdentity ?? []).toString(), 'P12');
    assert.equal(serverCa, 'PEM');
  });

  it('is refused in one sentence, when it is missing, no archive, cut off or names no server', (test) => {
    assert.match(refusal('/nowhere/credentials.zip'), /does not exist/);
    const broken = archive(test, MEMBERS);
    writeFileSync(broken, readFileSync(broken).subarray(0, 200));
    assert.match(refusal(broken), /is damaged or no zip archive/);
    writeFileSync(broken, 'text');
    assert.match(refusal(broken), /is damaged or no zip archive/);
    assert.match(refusal(archive(test, { 'server_ca.pem': Buffer.from('PEM') })), /holds no autoprov\.url/);
    assert.match(refusal(archive(test, { 'autoprov.url': Buffer.from('gateway') })), /no URL/);
  });

  it('is refused, when it is far too large to be one', (test) => {
    const file = archive(test, MEMBERS);
    truncateSync(file, 17 * 1024 * 1024);
    assert.match(refusal(file), /is far too large for a credentials archive/);
  });

  it('is refused, when a member would fill the memory', (test) => {
    assert.match(
      refusal(archive(test, { ...MEMBERS, 'server_ca.pem': new Uint8Array(5 * 1024 * 1024) })),
      /far too large/,
    );
  });
});

describe('removal of the shared identity', () => {
  it('takes out the key and the access to treehub, keeps the rest and the mode, and leaves no other file', (test) => {
    const file = archive(test, MEMBERS);
    chmodSync(file, 0o640);
    assert.equal(removeSharedIdentity(file), 'removed');
    assert.deepEqual(Object.keys(unzipSync(readFileSync(file))).sort(), [
      'autoprov.url',
      'notes.txt',
      'server_ca.pem',
    ]);
    assert.equal(statSync(file).mode & 0o777, 0o640);
    assert.deepEqual(readdirSync(dirname(file)), ['credentials.zip']);
    assert.equal(readCredentialsArchive(file).sharedIdentity, undefined);
  });

  it('changes nothing, when there is nothing to take out or no archive any more', (test) => {
    const file = archive(test, { 'autoprov.url': MEMBERS['autoprov.url'] });
    const before = readFileSync(file);
    assert.equal(removeSharedIdentity(file), 'removed');
    assert.deepEqual(readFileSync(file), before);
    assert.equal(removeSharedIdentity('/nowhere/credentials.zip'), 'removed');
  });

  it('says so and leaves the archive whole, when it cannot be replaced', (test) => {
    // A name as long as names may be leaves no room for the new file's, as a read-only file system leaves none for the file.
    const file = archive(test, MEMBERS, `${'a'.repeat(251)}.zip`);
    assert.equal(removeSharedIdentity(file), 'read_only');
    assert.equal(Buffer.from(readCredentialsArchive(file).sharedIdentity ?? []).toString(), 'P12');
  });
});
