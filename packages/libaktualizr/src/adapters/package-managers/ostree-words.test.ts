// What libostree says, and what we make of it: real lines of libostree 2022.7 (Debian 12).
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { parseVariantString, splitArguments } from './ostree-deploy.ts';
import { isNoSpace, lastWords, pullFailure } from './ostree-failure.ts';
import { PullProgress } from './ostree-progress.ts';
import { parseSizes, reserveOf } from './ostree-space.ts';
import { deploymentsOf, parseStatus } from './ostree-status.ts';

const ONE = '1'.repeat(64);
const TWO = '2'.repeat(64);
const THREE = '3'.repeat(64);

describe('status of a sysroot', () => {
  const text = [
    `  my-os ${TWO}.1 (staged)`,
    '    Version: 2',
    '    origin refspec: main',
    `* my-os ${ONE}.0`,
    '    Pinned: yes',
    `  other-os ${THREE}.0 (rollback)`,
  ].join('\n');

  it('names the deployments in the order of the bootloader, with marks and notes', () => {
    assert.deepEqual(parseStatus(text), [
      { index: 0, os: 'my-os', commit: TWO, isBooted: false, isStaged: true },
      { index: 1, os: 'my-os', commit: ONE, isBooted: true, isStaged: false },
      { index: 2, os: 'other-os', commit: THREE, isBooted: false, isStaged: false },
    ]);
    assert.deepEqual(parseStatus('No deployments.\n'), []);
  });

  it('is that of one operating system: the named one, else the booted one, else the first', () => {
    const all = parseStatus(text);
    assert.deepEqual(
      deploymentsOf(all, 'other-os').map(({ index }) => index),
      [2],
    );
    assert.deepEqual(
      deploymentsOf(all, '').map(({ index }) => index),
      [0, 1],
    );
    assert.deepEqual(
      deploymentsOf(all.slice(2), '').map(({ index }) => index),
      [2],
    );
    assert.deepEqual(deploymentsOf([], ''), []);
  });
});

describe('progress of a pull', () => {
  const tell = (progress: PullProgress, ...lines: readonly string[]) => {
    for (const line of lines) progress.take(`OT: ${line}`);
    return progress.text;
  };

  it('goes through the phases of the original', () => {
    const progress = new PullProgress();
    assert.equal(progress.isWaiting, true);
    assert.equal(
      tell(progress, `starting fetch of ${ONE}.commit (detached)`),
      'Receiving metadata objects: 0/(estimating)',
    );
    assert.equal(tell(progress, `fetch of ${ONE}.commit (detached) complete`), 'Scanning metadata: 1');
    assert.equal(progress.isWaiting, false);
    tell(progress, `starting fetch of ${TWO}.dirtree`, `fetch of ${TWO}.dirtree complete`);
    assert.equal(
      tell(progress, `starting fetch of ${THREE}.file`, `starting fetch of ${ONE}.file`),
      'Receiving objects: 50% (2/4)',
    );
    assert.equal(tell(progress, `fetch of ${THREE}.file complete`), 'Receiving objects: 75% (3/4)');
    assert.equal(progress.isWaiting, true);
    tell(progress, `fetch of ${ONE}.file complete`);
    assert.equal(tell(progress, 'Committing transaction in repository 0x5'), 'Writing objects: 4');
    assert.equal(progress.isWaiting, false);
  });

  it('counts the parts of a static delta, and not what may be absent', () => {
    const progress = new PullProgress();
    tell(progress, 'starting fetch of delta index delta-indexes/6+/K3.index');
    tell(progress, 'starting fetch of delta superblock deltas/US/vb/superblock');
    assert.equal(progress.requested, 0);
    assert.equal(tell(progress, 'starting fetch of deltapart deltas/US/vb/0'), 'Receiving objects: 0% (0/1)');
    tell(progress, `fetch static delta part ${ONE} complete`);
    assert.deepEqual([progress.fetched, progress.requested], [1, 1]);
  });

  it('knows nothing, where libostree says other words', () => {
    const progress = new PullProgress();
    assert.equal(progress.take('whatever'), false);
    assert.equal(progress.text, 'Scanning metadata: 0');
  });
});

describe('failure of a pull', () => {
  const failure = (words: string) => {
    const error = pullFailure(`noise\nerror: ${words}\n`, { name: 'os-1', url: 'https://hub/treehub' });
    return [error.family, error.code, error.details.status];
  };

  it('is the fault of whoever caused it', () => {
    assert.deepEqual(failure('Server returned HTTP 404'), ['TransportError', 'http_status', 404]);
    assert.deepEqual(failure("While fetching https://hub/config: [7] Couldn't connect to server"), [
      'TransportError',
      'unreachable',
      undefined,
    ]);
    assert.deepEqual(failure('While fetching https://hub/config: [60] SSL peer certificate was not OK'), [
      'TransportError',
      'tls_refused',
      undefined,
    ]);
    assert.deepEqual(failure('While fetching https://hub/config: [18] Transferred a partial file'), [
      'TransportError',
      'truncated',
      undefined,
    ]);
    assert.deepEqual(failure('While fetching https://hub/config: [28] Timeout was reached'), [
      'TransportError',
      'too_slow',
      undefined,
    ]);
    assert.deepEqual(failure('Writing content object: Need more input'), [
      'TransportError',
      'truncated',
      undefined,
    ]);
    const corrupted = `Corrupted file object; checksum expected='${ONE}' actual='${TWO}'`;
    assert.deepEqual(failure(corrupted), ['MetadataError', 'TargetHashMismatch', undefined]);
    assert.deepEqual(failure(`Writing content object: ${corrupted}`), [
      'MetadataError',
      'TargetHashMismatch',
      undefined,
    ]);
    assert.deepEqual(failure('fallocate: No space left on device'), ['InstallError', 'no_space', undefined]);
    assert.deepEqual(failure("min-free-space-percent '3%' would be exceeded, at least 4 MB requested"), [
      'InstallError',
      'no_space',
      undefined,
    ]);
    assert.deepEqual(failure('Cannot write to repository: Read-only file system'), [
      'StorageError',
      'io',
      undefined,
    ]);
    assert.deepEqual(failure('something new'), ['InstallError', 'install_failed', undefined]);
  });

  it('is told in one short line, without what addresses carry after a question mark', () => {
    assert.equal(
      lastWords('error: While fetching https://hub/x?token=secret: [7] no\n'),
      'While fetching https://hub/x: [7] no',
    );
    assert.equal(lastWords(`error: ${'long '.repeat(200)}`).length, 300);
    assert.equal(lastWords('error: a\u001b[31mb'), 'a?[31mb');
    assert.equal(lastWords('  \n'), 'it did not say why');
    const { message } = pullFailure('error: no', {
      name: 'os-1',
      url: 'https://me:secret@hub/x?token=secret',
    });
    assert.equal(message, 'os-1 could not be pulled from https://hub/x: no.');
    assert.equal(isNoSpace('all is well'), false);
  });
});

describe('words of libostree', () => {
  it('say how much is to come, in either kind of blank', () => {
    const sizes = (size: string) =>
      parseSizes(`Compressed size (needed/total): 1/2\nUnpacked size (needed/total): ${size}\n`);
    assert.equal(sizes('501.3\u00a0kB/501.6\u00a0kB'), 501_300);
    assert.equal(sizes('4.2?MB/4.2?MB'), 4_200_000);
    assert.equal(sizes('0 bytes/501.6?kB'), 0);
    assert.equal(parseSizes('error'), undefined);
  });

  it('say what has to stay free', () => {
    assert.equal(reserveOf('[core]\nmode=bare\n', 1000), 30);
    assert.equal(reserveOf('[core]\nmin-free-space-percent=0\n', 1000), 0);
    assert.equal(
      reserveOf('[core]\nmin-free-space-percent = 10\nmin-free-space-size = 5MB\n', 1000),
      5 * 1024 * 1024,
    );
  });

  it('quote kernel arguments as GVariant does, which the kernel splits at blanks outside quotes', () => {
    assert.equal(parseVariantString(`'console=tty1 rw "a b"'`), 'console=tty1 rw "a b"');
    assert.equal(parseVariantString(`"it's"`), "it's");
    assert.equal(parseVariantString(String.raw`'a \\ b \'c\''`), String.raw`a \ b 'c'`);
    assert.equal(parseVariantString('17'), '');
    assert.deepEqual(splitArguments(' console=tty1  rw "dyndbg=file a +p" x="y z" '), [
      'console=tty1',
      'rw',
      '"dyndbg=file a +p"',
      'x="y z"',
    ]);
  });
});
