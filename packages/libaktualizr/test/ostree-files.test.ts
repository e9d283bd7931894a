// What the package manager ostree decides without libostree: whose image is whose.
import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { VerifiedTarget } from '@ota-connect/uptane';
import { SECONDARY } from '@ota-connect/testkit';
import { ConfigError, InstallError, TransportError } from '../src/errors.ts';
import { isOstree } from '../src/adapters/package-managers/ostree.ts';
import { offerCommit, offerImage, openManagerWorld, type ManagerWorld } from './support/manager-world.ts';
import { temporaryFolder } from './support/test-device.ts';
import { openTestGateway, type TestGateway } from './support/test-gateway.ts';

const COMMIT = 'c'.repeat(64);
const NO_PROGRESS = () => undefined;
const { signal } = new AbortController();

describe('package manager ostree, beside libostree', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let gateway: TestGateway;
  let world: ManagerWorld;
  let sysroot: string;
  beforeEach(async () => {
    folder = temporaryFolder();
    gateway = await openTestGateway();
    sysroot = join(folder.path, 'sysroot');
    mkdirSync(join(sysroot, 'ostree/repo/objects'), { recursive: true });
    world = openManagerWorld(folder.path, gateway, {
      type: 'ostree',
      sysroot,
      ostreeCommand: join(folder.path, 'no-such-ostree'),
    });
  });
  afterEach(async () => {
    world.close();
    await gateway.close();
    folder.remove();
  });

  const forSecondary = (target: VerifiedTarget): VerifiedTarget => ({
    ...target,
    ecus: new Map([[SECONDARY.serial, SECONDARY.hardwareId]]),
  });

  it('keeps files for Secondaries as every package manager does', async () => {
    const manager = await world.open();
    const target = forSecondary(offerImage(gateway, 'app.bin', new TextEncoder().encode('an image')));
    assert.equal(await manager.verify(target), 'missing');
    assert.equal(await manager.fetch(target, NO_PROGRESS, signal), 'fetched');
    assert.equal(await manager.verify(target), 'verified');
    assert.equal(manager.found(target)?.sha256, target.hashes.sha256);
  });

  it('leaves the commits of Secondaries to them', async () => {
    const manager = await world.open();
    const target = forSecondary(offerCommit('os-2', COMMIT));
    assert.equal(await manager.fetch(target, NO_PROGRESS, signal), 'already_there');
    assert.equal(await manager.verify(target), 'verified');
  });

  it('refuses a file for the Primary, and to install one', async () => {
    const manager = await world.open();
    const target = offerImage(gateway, 'app.bin', new Uint8Array(3));
    const refused = (error: unknown) => error instanceof InstallError && error.code === 'rejected_format';
    await assert.rejects(manager.fetch(target, NO_PROGRESS, signal), refused);
    await assert.rejects(manager.install(target), refused);
    const unnamed = { ...offerCommit('os-2', COMMIT), hashes: { sha512: 'd'.repeat(128) } };
    await assert.rejects(manager.fetch(unnamed, NO_PROGRESS, signal), refused);
  });

  it('asks for a commit at https addresses alone', async () => {
    const manager = await world.open();
    for (const uri of ['http://localhost/treehub', 'file:///etc', 'https://', 'no address']) {
      await assert.rejects(
        manager.fetch({ ...offerCommit('os-2', COMMIT), uri }, NO_PROGRESS, signal),
        (error: unknown) => error instanceof TransportError && error.code === 'unreachable',
        uri,
      );
    }
  });

  it('takes what has no format and no length for a commit, as the original does', () => {
    const target = offerCommit('os-2', COMMIT);
    const { targetFormat: _, ...plain } = target;
    assert.equal(isOstree(target), true);
    assert.equal(isOstree(plain), true);
    assert.equal(isOstree({ ...plain, lengthBytes: 1 }), false);
    assert.equal(isOstree({ ...plain, targetFormat: 'BINARY' }), false);
  });

  it('is a configuration error without the program, and without a sysroot', async () => {
    const manager = await world.open();
    const isMissing = (error: unknown) => error instanceof ConfigError && error.code === 'missing_file';
    await assert.rejects(manager.current(), isMissing);
    rmSync(sysroot, { recursive: true });
    await assert.rejects(world.open(), isMissing);
  });
});
