// What every package manager promises, as tests. Call it in the test file of an implementation, with a world where it can
// really install. The port is libaktualizr's; what is written here is its shape, which the testkit may not import.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Hashes, VerifiedTarget } from '@ota-connect/uptane';

type Result = { readonly success: boolean; readonly code: string; readonly description: string };

/** The shape of libaktualizr's `PackageManager`. */
export type PackageManagerPort = {
  readonly name: string;
  current(): Promise<{ readonly name: string; readonly hashes: Hashes } | undefined>;
  installedPackages(): Promise<readonly { readonly name: string; readonly version: string }[]>;
  fetch(
    target: VerifiedTarget,
    onProgress: (received: number, total: number, text?: string) => void,
    signal: AbortSignal,
  ): Promise<'fetched' | 'already_there'>;
  verify(target: VerifiedTarget): Promise<'verified' | 'missing' | 'incomplete' | 'tampered'>;
  found(target: VerifiedTarget): Hashes | undefined;
  install(target: VerifiedTarget): Promise<Result>;
  finalize(target: VerifiedTarget): Promise<Result>;
  rollback?(target: VerifiedTarget): Promise<Result>;
};

export type PackageManagerWorld = {
  readonly manager: PackageManagerPort;
  /** Two versions for the Primary that a server has, of the format that this manager takes. */
  readonly versions: readonly [VerifiedTarget, VerifiedTarget];
  /** One for the Primary that it does not take, where there is such a format. */
  readonly foreign?: VerifiedTarget;
  /** What the installation log is told after a result, as the update cycle does. */
  note(target: VerifiedTarget, state: 'current' | 'pending'): void;
  /** The machine is booted anew; answers the manager of the new process. */
  reboot(): PackageManagerPort | Promise<PackageManagerPort>;
  close?(): void | Promise<void>;
};

type Test = (world: PackageManagerWorld) => Promise<void>;

const NO_PROGRESS = () => undefined;
const signal = () => new AbortController().signal;

const PROMISES: readonly (readonly [title: string, test: Test])[] = [
  [
    'has nothing of a target that was never fetched, and installs none',
    async ({ manager, versions: [target] }) => {
      assert.equal(await manager.verify(target), 'missing');
      assert.equal(manager.found(target), undefined);
      await assert.rejects(manager.install(target), isInstallError('install_failed'));
    },
  ],

  [
    'fetches once, verifies what it has, and knows its hashes',
    async ({ manager, versions: [target] }) => {
      const seen: number[] = [];
      const fetched = await manager.fetch(target, (received, total) => seen.push(received / total), signal());
      assert.equal(fetched, 'fetched');
      assert.ok(seen.every((part) => part >= 0 && part <= 1) && seen.at(-1) === 1, String(seen));
      assert.equal(await manager.verify(target), 'verified');
      assert.equal(manager.found(target)?.sha256?.toLowerCase(), target.hashes.sha256?.toLowerCase());
      assert.equal(await manager.fetch(target, NO_PROGRESS, signal()), 'already_there');
    },
  ],

  [
    'fetches nothing, when it was aborted before',
    async ({ manager, versions: [target] }) => {
      const reason = new Error('aborted by the test');
      await assert.rejects(manager.fetch(target, NO_PROGRESS, AbortSignal.abort(reason)), reason);
      assert.notEqual(await manager.verify(target), 'verified');
    },
  ],

  [
    'installs, is complete after a reboot where one is needed, and installs nothing twice',
    async (world) => {
      const [target] = world.versions;
      const after = await installed(world, world.manager, target);
      assert.equal((await after.current())?.name, target.name);
      await after.fetch(target, NO_PROGRESS, signal());
      assert.deepEqual(codeOf(await after.install(target)), ['ALREADY_PROCESSED', true]);
    },
  ],

  [
    'answers the same, when an installation that waits for its reboot is asked for again',
    async ({ manager, versions: [target] }) => {
      await manager.fetch(target, NO_PROGRESS, signal());
      const first = await manager.install(target);
      if (first.code !== 'NEED_COMPLETION') return;
      assert.deepEqual(codeOf(await manager.install(target)), codeOf(first));
    },
  ],

  [
    'goes on to a second version, and back where it can',
    async (world) => {
      const [one, two] = world.versions;
      const first = await installed(world, world.manager, one);
      const second = await installed(world, first, two);
      assert.equal((await second.current())?.name, two.name);
      if (second.rollback === undefined) return;
      const back = await second.rollback(two);
      assert.ok(back.code === 'OK' || back.code === 'NEED_COMPLETION', back.code);
      const after = back.code === 'OK' ? second : await world.reboot();
      world.note(one, 'current');
      assert.equal((await after.current())?.name, one.name);
    },
  ],

  [
    'takes a pending installation back before its reboot, where it can',
    async (world) => {
      const [one, two] = world.versions;
      const first = await installed(world, world.manager, one);
      await first.fetch(two, NO_PROGRESS, signal());
      const result = await first.install(two);
      if (first.rollback === undefined || result.code !== 'NEED_COMPLETION') return;
      await first.rollback(two);
      const after = await world.reboot();
      assert.equal((await after.current())?.name, one.name);
    },
  ],

  [
    'refuses what it cannot install, before a byte of it is asked for',
    async ({ manager, foreign }) => {
      if (foreign === undefined) return;
      await assert.rejects(manager.fetch(foreign, NO_PROGRESS, signal()), isInstallError('rejected_format'));
    },
  ],
];

export function packageManagerContract(
  name: string,
  open: () => PackageManagerWorld | Promise<PackageManagerWorld>,
): void {
  void describe(`PackageManager contract, ${name}`, () => {
    for (const [title, test] of PROMISES) void it(title, () => runIn(open, test));
  });
}

async function runIn(
  open: () => PackageManagerWorld | Promise<PackageManagerWorld>,
  test: Test,
): Promise<void> {
  const world = await open();
  try {
    await test(world);
  } finally {
    await world.close?.();
  }
}

/** Through to the end, in which the answer is the manager of the process that runs then. */
async function installed(
  world: PackageManagerWorld,
  manager: PackageManagerPort,
  target: VerifiedTarget,
): Promise<PackageManagerPort> {
  await manager.fetch(target, NO_PROGRESS, signal());
  const result = await manager.install(target);
  if (result.code !== 'NEED_COMPLETION') {
    assert.deepEqual(codeOf(result), ['OK', true]);
    world.note(target, 'current');
    return manager;
  }
  assert.equal(result.success, false);
  world.note(target, 'pending');
  const after = await world.reboot();
  assert.deepEqual(codeOf(await after.finalize(target)), ['OK', true]);
  world.note(target, 'current');
  return after;
}

function codeOf({ code, success }: Result): readonly [string, boolean] {
  return [code, success];
}

function isInstallError(code: string): (error: unknown) => boolean {
  return (error) =>
    error instanceof Error &&
    'family' in error &&
    error.family === 'InstallError' &&
    'code' in error &&
    error.code === code;
}
