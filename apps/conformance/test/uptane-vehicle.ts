// A Primary that is `uptane-client` with a storage of its own, over a simulator that is served by HTTP.
import assert from 'node:assert/strict';
import path from 'node:path';
import { PRIMARY, RepositorySimulator } from '@ota-connect/testkit';
import type { Instant } from '@ota-connect/uptane';
import { runUptaneClient } from '../src/uptane-command.ts';
import { filesIn, runHere, runProcess, serve, temporaryFolder, type Listener, type Run } from './served.ts';

export type Vehicle = {
  readonly simulator: RepositorySimulator;
  readonly url: string;
  readonly storage: string;
  readonly targets: string;
  readonly run: (now?: Instant) => Promise<Run>;
  readonly runAsProcess: () => Promise<Run>;
  /** One run that is refused. */
  readonly refuses: (code: string, now?: Instant) => Promise<Run>;
  /** One run after which exactly these images lie there. */
  readonly takes: (...names: readonly string[]) => Promise<Run>;
  readonly landed: () => ReadonlyMap<string, string>;
};

type Options = {
  readonly now?: Instant;
  /** By default as in the vectors: Root and Targets alone. */
  readonly directorFullRoles?: boolean;
  /** Sees a request first; true: it has answered. */
  readonly before?: (...exchange: Parameters<Listener>) => boolean;
};

/** Runs a test with a vehicle that is gone afterwards. */
export async function withVehicle(
  test: (vehicle: Vehicle) => Promise<void>,
  { now, directorFullRoles = false, before }: Options = {},
): Promise<void> {
  const simulator = await RepositorySimulator.create({
    directorFullRoles,
    ...(now === undefined ? {} : { now }),
  });
  const served = await serve(async (message, response) => {
    if (before?.(message, response) !== true) await simulator.handle(message, response);
  });
  const { folder, remove } = temporaryFolder();
  try {
    await test(vehicleAt(simulator, served.url, folder));
  } finally {
    remove();
    await served.close();
  }
}

function vehicleAt(simulator: RepositorySimulator, url: string, folder: string): Vehicle {
  const storage = path.join(folder, 'storage');
  const targets = path.join(folder, 'targets');
  const args = uptaneArguments(url, storage, targets);
  const run = (now: Instant = simulator.now): Promise<Run> => runHere(runUptaneClient, args, now);
  const landed = (): ReadonlyMap<string, string> => filesIn(targets);
  return {
    simulator,
    url,
    storage,
    targets,
    run,
    landed,
    runAsProcess: () => runProcess('uptane-client', args),
    async refuses(code, now) {
      const done = await run(now);
      const err = String(errOf(done));
      assert.equal(code.includes('::') ? err : err.split('::')[0], code, done.err);
      assert.equal(done.code, 3);
      return done;
    },
    async takes(...names) {
      const done = await run();
      assert.equal(done.code, 0, done.err);
      assert.deepEqual([...landed().keys()].toSorted(), [...names].toSorted());
      return done;
    },
  };
}

export function uptaneArguments(url: string, storage: string, targets: string): readonly string[] {
  const options = new Map([
    ['director-url', `${url}/director`],
    ['image-url', `${url}/repo`],
    ['storage', storage],
    ['target-dir', targets],
    ['ecu-serial', PRIMARY.serial],
    ['hardware-id', PRIMARY.hardwareId],
  ]);
  return [...[...options].flatMap(([name, value]) => [`--${name}`, value]), 'update'];
}

/** What a harness reads. */
export function errOf({ out }: Run): unknown {
  const last = JSON.parse(out.at(-1) ?? '') as { err: unknown; err_msg: unknown };
  assert.deepEqual(Object.keys(last), ['err', 'err_msg']);
  return last.err;
}
