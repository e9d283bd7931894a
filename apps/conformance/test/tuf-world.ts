// A plain TUF repository behind HTTP and `tuf-client` before it, judged as a conformance suite does: by exit codes, by the
// `.json` files of the metadata folder, by the requests that came, and by what lies in the target folder.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import { readRequest, sendAnswer, SIMULATED_NOW, notFound, TufRepository } from '@ota-connect/testkit';
import { addSeconds, type Instant } from '@ota-connect/uptane';
import { runTufClient } from '../src/tuf-command.ts';
import { runHere, runProcess, serve, temporaryFolder, type Listener, type Run } from './served.ts';

export const DAY = 86_400;
const EXPIRES_DAYS = 30;

export type TufWorld = {
  readonly repository: TufRepository;
  readonly url: string;
  readonly metadata: string;
  readonly targets: string;
  /** Images that were asked for, as paths below the targets' address. */
  readonly imageRequests: string[];
  /** Publishes, and hands the client the Root that there is then. */
  readonly init: () => Promise<Run>;
  readonly initWith: (root: Uint8Array) => Promise<Run>;
  readonly refresh: (days?: number) => Promise<Run>;
  readonly download: (...names: readonly string[]) => Promise<Run>;
  readonly refreshes: (days?: number) => Promise<void>;
  /** A refresh that ends with 1, its sentence beginning with this code. */
  readonly refuses: (code: string, days?: number) => Promise<void>;
  /** Name and version of every trusted role, by the files alone. */
  readonly trusted: () => Readonly<Record<string, number>>;
  /** Metadata asked for since the last call. */
  readonly asked: () => readonly string[];
  /** Contents of the target folder in order of modification. */
  readonly landed: () => readonly string[];
};

type Options = {
  readonly before?: (...exchange: Parameters<Listener>) => boolean;
  /** As processes, at the real time. */
  readonly asProcess?: boolean;
  readonly faketime?: boolean;
};

export async function withTuf(
  prepare: (repository: TufRepository) => void,
  test: (world: TufWorld) => Promise<void>,
  options: Options = {},
): Promise<void> {
  const now = options.asProcess === true ? (Math.floor(Date.now() / 1000) as Instant) : SIMULATED_NOW;
  const repository = new TufRepository(addSeconds(now, EXPIRES_DAYS * DAY));
  prepare(repository);
  const imageRequests: string[] = [];
  const served = await serve(async (message, response) => {
    if (options.before?.(message, response) === true) return;
    const request = await readRequest(message);
    const [, kind, ...rest] = request.path.split('/');
    const file = decoded(rest.join('/'));
    if (kind === 'targets') imageRequests.push(file);
    const bytes = kind === 'targets' ? repository.images.get(file) : repository.answer(rest.join('/'));
    if (bytes === undefined || bytes === 'absent') sendAnswer(response, notFound());
    else sendAnswer(response, { status: 200, headers: {}, body: bytes });
  });
  const { folder, remove } = temporaryFolder();
  try {
    await test(worldAt({ repository, url: served.url, folder, now, imageRequests }, options));
  } finally {
    remove();
    await served.close();
  }
}

function decoded(text: string): string {
  return decodeURIComponent(text);
}

type Place = {
  readonly repository: TufRepository;
  readonly url: string;
  readonly folder: string;
  readonly now: Instant;
  readonly imageRequests: string[];
};

function worldAt({ repository, url, folder, now, imageRequests }: Place, options: Options): TufWorld {
  const metadata = path.join(folder, 'metadata');
  const targets = path.join(folder, 'targets');
  const base = ['--metadata-dir', metadata];
  const run = (args: readonly string[], days = 0): Promise<Run> => {
    if (options.asProcess !== true) return runHere(runTufClient, args, addSeconds(now, days * DAY));
    return runProcess('tuf-client', args, days === 0 ? [] : ['faketime', '-f', `+${days}d`]);
  };
  const initWith = (root: Uint8Array): Promise<Run> => {
    const file = path.join(folder, 'trusted-root');
    writeFileSync(file, root);
    return run([...base, 'init', file]);
  };
  const refresh = (days?: number): Promise<Run> =>
    run(['--metadata-url', `${url}/metadata`, ...base, 'refresh'], days);
  let seen = 0;
  return {
    repository,
    url,
    metadata,
    targets,
    imageRequests,
    initWith,
    refresh,
    async init() {
      repository.publish();
      const done = await initWith(
        repository.files.get(`${repository.roles.root.version}.root.json`) ?? new Uint8Array(),
      );
      assert.equal(done.code, 0, done.err);
      return done;
    },
    download: (...names) => {
      const wanted = names.flatMap((name) => ['--target-name', name]);
      const places = ['--target-base-url', `${url}/targets`, '--target-dir', targets];
      return run(['--metadata-url', `${url}/metadata`, ...base, ...wanted, ...places, 'download']);
    },
    async refreshes(days) {
      const { code, err } = await refresh(days);
      assert.equal(code, 0, err);
    },
    async refuses(code, days) {
      const done = await refresh(days);
      assert.equal(done.code, 1, 'nothing was refused');
      assert.match(done.err, new RegExp(`^tuf-client: ${code}(?:::| |:)`));
      assert.deepEqual(done.out, options.asProcess === true ? [''] : []);
    },
    trusted: () => trustedIn(metadata),
    asked() {
      const asked = repository.requests.slice(seen);
      seen = repository.requests.length;
      return asked;
    },
    landed: () => landedIn(targets),
  };
}

function trustedIn(folder: string): Readonly<Record<string, number>> {
  if (!existsSync(folder)) return {};
  const entries = readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name): [string, number] => {
      const text = readFileSync(path.join(folder, name), 'utf8');
      const { signed } = JSON.parse(text) as { signed: { version: number } };
      return [name.slice(0, -'.json'.length), signed.version];
    });
  return Object.fromEntries(entries);
}

function landedIn(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => path.join(folder, name))
    .filter((file) => statSync(file).isFile())
    .map((file) => ({ file, at: statSync(file, { bigint: true }).mtimeNs }))
    .toSorted((a, b) => (a.at < b.at ? -1 : 1))
    .map(({ file }) => readFileSync(file, 'utf8'));
}

/** All of it new, as after an honest day's work. */
export function bump(repository: TufRepository, root = false): void {
  if (root) repository.publishRoot();
  repository.publish();
}

export const text = (value: string): Uint8Array => new TextEncoder().encode(value);

export const BELOW_ROOT = ['timestamp', 'snapshot', 'targets'] as const;
/** As codes name a role. */
export const title = (role: string): string => role.charAt(0).toUpperCase() + role.slice(1);

export function itRuns(
  name: string,
  test: (world: TufWorld) => Promise<void>,
  prepare: (repository: TufRepository) => void = () => undefined,
): void {
  it(name, () => withTuf(prepare, test));
}
