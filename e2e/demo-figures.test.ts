import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, afterEach, describe, it } from 'node:test';
import { describeMemory, residentMiB } from '../scripts/demo/figures.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'figures-test-'));
const { PATH } = process.env;
afterEach(() => {
  process.env['PATH'] = PATH;
});
after(() => rmSync(folder, { recursive: true }));

const noProc = path.join(folder, 'no-proc');

describe('the memory of the idle server', () => {
  it('is read from /proc', () => {
    mkdirSync(path.join(folder, 'proc/7'), { recursive: true });
    writeFileSync(path.join(folder, 'proc/7/status'), 'Name:\tnode\nVmRSS:\t  2048 kB\nThreads:\t1\n');
    assert.equal(residentMiB(7, path.join(folder, 'proc')), 2);
  });

  it('is asked of ps, where there is no /proc', () => {
    const ps = path.join(folder, 'bin/ps');
    mkdirSync(path.dirname(ps));
    writeFileSync(ps, '#!/bin/sh\necho "  3072"\n');
    chmodSync(ps, 0o755);
    process.env['PATH'] = path.dirname(ps);
    assert.equal(residentMiB(7, noProc), 3);
  });

  it('is left out with a sentence, where there is neither', () => {
    process.env['PATH'] = noProc;
    const found = residentMiB(process.pid, noProc);
    assert.equal(found, undefined);
    assert.match(describeMemory(found), /^This system does not tell how much memory/);
  });

  it('is left out, when the process has ended', () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    assert.equal(residentMiB(pid), undefined);
  });
});
