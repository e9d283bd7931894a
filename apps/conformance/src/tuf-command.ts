// `tuf-client`: init, refresh and download over one plain TUF repository. What is refused is told in one sentence that
// names the check, the file and the attack. Source: TUF specification 1.0, section 5
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  checkFirstRoot,
  imagePath,
  listedAlgorithms,
  quoted,
  refreshRepository,
  TUF_DIALECT,
  type RefreshedRepository,
} from '@ota-connect/uptane';
import { below, encodedPath, parseBase } from './address.ts';
import { readArguments, UsageError, type Arguments, type World } from './arguments.ts';
import { checkStored } from './check-stored.ts';
import { makeFolder, readIfThere, storing } from './durable-file.ts';
import { sentenceOf, StorageError } from './errors.ts';
import { fetchImage, isThere, refusal, sweepParts } from './fetch-image.ts';
import { fileNameOf } from './file-name.ts';
import { alone } from './folder-lock.ts';
import { httpSource } from './http-source.ts';
import { metadataFolder, rootFileOf } from './metadata-folder.ts';

export const TUF_OPTIONS = ['metadata-dir', 'metadata-url', 'target-name', 'target-base-url', 'target-dir'];
const OPTIONS: ReadonlyMap<string, readonly string[]> = new Map([
  ['init', ['metadata-dir']],
  ['refresh', ['metadata-dir', 'metadata-url']],
  ['download', TUF_OPTIONS],
]);
const EXIT = { done: 0, failed: 1, usage: 64 } as const;
/** The coarsest step of file times: whoever lists what landed by time sees it in the order in which it was asked for. */
const FILE_TIME_STEP_MS = 12;

type Refresh = { readonly folder: string; readonly url: URL };
type Download = {
  readonly names: readonly string[];
  readonly baseUrl: URL;
  readonly folder: string;
};

/** The exit code. */
export async function runTufClient(args: readonly string[], world: World): Promise<number> {
  try {
    const given = readArguments(args, TUF_OPTIONS, ['target-name']);
    if (given.wantsHelp)
      world.out(readFileSync(new URL('tuf-client.txt', import.meta.url), 'utf8').trimEnd());
    else await runWord(given, world);
    return EXIT.done;
  } catch (error) {
    world.err(`tuf-client: ${sentenceOf(error)}`);
    if (!(error instanceof UsageError)) return EXIT.failed;
    world.err('`npx --no -- tuf-client --help` says how it is used.');
    return EXIT.usage;
  }
}

async function runWord(given: Arguments, world: World): Promise<void> {
  const [word, ...more] = given.words;
  checkWord(word, given.names);
  const metadataDir = path.resolve(given.one('metadata-dir'));
  const [file, tooMuch] = word === 'init' ? more : ['', more[0]];
  if (file === undefined || tooMuch !== undefined)
    throw new UsageError('`init` takes one file, the others none.');
  if (word === 'init') return init(metadataDir, file);
  const refreshed = { folder: metadataDir, url: parseBase(given.one('metadata-url'), 'metadata-url') };
  if (word === 'refresh') return void (await whileAlone(refreshed, () => refresh(refreshed, world)));
  const wanted = {
    names: [given.one('target-name'), ...given.many('target-name').slice(1)],
    baseUrl: parseBase(given.one('target-base-url'), 'target-base-url'),
    folder: path.resolve(given.one('target-dir')),
  };
  return whileAlone(refreshed, async () => download(await refresh(refreshed, world), wanted, world));
}

/** What is to be done first, so that nobody is asked for the options of something that there is not. */
function checkWord(word: string | undefined, names: readonly string[]): void {
  const options = word === undefined ? undefined : OPTIONS.get(word);
  if (options === undefined) {
    const missing = word === undefined ? 'Nothing is said to be done' : `There is no \`${word}\``;
    throw new UsageError(`${missing}: it is one of \`init\`, \`refresh\` and \`download\`.`);
  }
  const stranger = names.find((name) => !options.includes(name));
  if (stranger !== undefined) throw new UsageError(`--${stranger} is no option of \`${word}\`.`);
}

async function init(folder: string, file: string): Promise<void> {
  const bytes = storing(file, () => readFileSync(file));
  const root = checkFirstRoot(bytes, {
    repository: 'plain',
    limits: TUF_DIALECT.limits,
    dialect: TUF_DIALECT,
  });
  await alone(makeFolder(folder), async () => {
    checkFolder(folder);
    const trusted = metadataFolder(folder).load('root');
    if (trusted === undefined) metadataFolder(folder).save('root', bytes, root.version);
    else if (Buffer.compare(trusted, bytes) !== 0) throw occupied(folder);
  });
}

/** Whoever puts an older Root over a newer one gives keys back that were withdrawn. */
function occupied(folder: string): StorageError {
  const remedy = '`refresh` brings it forward, and to begin with another one remove the folder first';
  return new StorageError(
    'occupied',
    `${folder} holds another trusted Root already, which stays: ${remedy}.`,
  );
}

function checkFolder(folder: string): void {
  const remedy = `remove the folder ${folder} and \`init\` it anew`;
  const place = { folders: [folder], rootFile: rootFileOf(folder), remedy };
  checkStored({ name: 'plain', dialect: TUF_DIALECT, ...place });
}

/** Nothing is trusted on first use: without a Root that somebody handed in there is nothing to refresh. */
async function whileAlone<T>({ folder }: Refresh, work: () => Promise<T>): Promise<T> {
  if (readIfThere(rootFileOf(folder)) === undefined)
    throw new StorageError('io', `${folder} holds no trusted Root yet: \`init\` puts it there.`);
  return alone(folder, () => {
    checkFolder(folder);
    return work();
  });
}

function refresh({ folder, url }: Refresh, world: World): Promise<RefreshedRepository> {
  const name = 'plain';
  const source = httpSource({ name, base: url, dialect: TUF_DIALECT });
  const repository = { name, source, store: metadataFolder(folder), dialect: TUF_DIALECT } as const;
  return refreshRepository(repository, world.now());
}

async function download(repository: RefreshedRepository, wanted: Download, world: World): Promise<void> {
  sweepParts(wanted.folder);
  let landed = 0;
  for (const name of wanted.names) {
    const image = await repository.find(name);
    if (image === undefined)
      throw refusal('TargetMismatch', { name }, 'is listed by no role that may list it');
    const [algorithm] = listedAlgorithms(image.hashes);
    const hash = algorithm === undefined ? undefined : image.hashes[algorithm];
    if (hash === undefined)
      throw refusal('TargetHashMismatch', image, 'is listed with no hash of a known kind');
    const file = path.join(wanted.folder, fileNameOf(name));
    if (await isThere(file, image)) continue;
    if (landed > 0) await sleep(FILE_TIME_STEP_MS);
    const served = imagePath(name, repository.consistentSnapshot ? hash : undefined);
    await fetchImage(below(wanted.baseUrl, encodedPath(served)), image, file);
    landed += 1;
    world.out(`"${quoted(name, name.length)}" is in ${file}`);
  }
}
