import { afterEach, beforeEach, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { closeSync, ftruncateSync, fstatSync, mkdtempSync, openSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InstallError } from '../../errors.ts';
import { DiskSpace, RESERVE_BYTES, type Room } from './disk-space.ts';

const MEBI = 1024 * 1024;

describe('room for images', () => {
  let folder: string;
  const opened: number[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'space-'));
  });
  afterEach(() => {
    for (const descriptor of opened.splice(0)) closeSync(descriptor);
    rmSync(folder, { recursive: true });
  });

  const room = (name: string, lengthBytes: number, received = 0): Room => {
    const file = join(folder, name);
    const descriptor = openSync(file, 'w+');
    opened.push(descriptor);
    return { file, descriptor, lengthBytes, received: () => received };
  };
  const noSpace = (error: unknown) => error instanceof InstallError && error.code === 'no_space';
  const withFree = (free: number, allocate = async () => false) =>
    new DiskSpace({ freeBytes: () => free, allocate });

  it('is told with its numbers, when it is short', async () => {
    await assert.rejects(withFree(2 * MEBI).reserve(room('A', 3 * MEBI, MEBI)), (error: unknown) => {
      assert.ok(error instanceof InstallError);
      assert.deepEqual(error.details, {
        lengthBytes: 3 * MEBI,
        neededBytes: 2 * MEBI + RESERVE_BYTES,
        freeBytes: 2 * MEBI,
      });
      assert.match(
        error.message,
        /has 2097152 bytes free; the image of 3145728 bytes, which needs 2097152 more/,
      );
      return true;
    });
  });

  it('is promised to one of two transfers, when both begin at the same time', async () => {
    const space = withFree(10 * MEBI);
    const settled = await Promise.allSettled(['A', 'B'].map((name) => space.reserve(room(name, 6 * MEBI))));
    assert.deepEqual(
      settled.map(({ status }) => status),
      ['fulfilled', 'rejected'],
    );
  });

  it('is free again, when the transfer has ended', async () => {
    const space = withFree(10 * MEBI);
    const first = room('A', 6 * MEBI);
    await space.reserve(first);
    space.release(first);
    await space.reserve(room('B', 6 * MEBI));
    await assert.rejects(space.reserve(room('C', 6 * MEBI)), noSpace);
  });

  it('counts as taken no longer, where the file has its blocks', async () => {
    const taken = { bytes: 10 * MEBI };
    const space = new DiskSpace({
      freeBytes: () => taken.bytes,
      allocate: async () => {
        taken.bytes -= 6 * MEBI;
        return true;
      },
    });
    await space.reserve(room('A', 6 * MEBI));
    await assert.rejects(space.reserve(room('B', 6 * MEBI)), noSpace);
  });

  it('is given to the file before its first byte, where the file system can, and the length stays', async () => {
    const space = new DiskSpace();
    const own = room('A', 8 * MEBI);
    await space.reserve(own);
    const { size, blocks } = fstatSync(own.descriptor);
    assert.equal(size, 0);
    // All or nothing: a part that was allocated is given back.
    assert.ok(blocks * 512 === 0 || blocks * 512 >= 8 * MEBI, `${blocks} blocks`);
    ftruncateSync(own.descriptor, 0);
    assert.equal(statSync(own.file).blocks, 0);
  });

  it('is asked of nobody, when nothing is missing', async () => {
    await withFree(0).reserve(room('A', MEBI, MEBI));
  });
});
