// `uptane-client update`: one full verification of the Director and the Image repository for a Primary that is its own
// only ECU, then every image that it is to have. Nothing is ever installed, so each run goes through both repositories;
// the release counter of what was fetched counts from then on. The verdict is the exit code and the last line of stdout.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import {
  CodedError,
  fullVerification,
  MetadataError,
  parseEcuSerial,
  parseHardwareId,
  quoted,
  UPTANE_DIALECT,
  type Repository,
  type RepositoryName,
  type VehicleEcu,
  type VerifiedTarget,
} from '@ota-connect/uptane';
import { below, encodedPath, parseAddress, parseBase, type Address } from './address.ts';
import { readArguments, UsageError, type Arguments, type World } from './arguments.ts';
import { makeFolder } from './durable-file.ts';
import { messageOf, sentenceOf } from './errors.ts';
import { fetchImage, sweepParts } from './fetch-image.ts';
import { fileNameOf } from './file-name.ts';
import { alone } from './folder-lock.ts';
import { httpSource } from './http-source.ts';
import { openUptaneStorage, type UptaneStorage } from './uptane-storage.ts';

export const UPTANE_OPTIONS = [
  'director-url',
  'image-url',
  'storage',
  'target-dir',
  'ecu-serial',
  'hardware-id',
];
const EXIT = { verified: 0, fault: 1, refused: 3, usage: 64 } as const;

type Update = {
  readonly directorUrl: URL;
  readonly imageUrl: URL;
  readonly storageFolder: string;
  readonly targetFolder: string;
  readonly ecu: VehicleEcu;
};

/** The exit code. */
export async function runUptaneClient(args: readonly string[], world: World): Promise<number> {
  try {
    const given = readArguments(args, UPTANE_OPTIONS);
    if (given.wantsHelp) {
      world.out(readFileSync(new URL('uptane-client.txt', import.meta.url), 'utf8').trimEnd());
      return EXIT.verified;
    }
    const update = readUpdate(given);
    const landed = await alone(makeFolder(update.storageFolder), () => runUpdate(update, world));
    if (landed === 0) world.out('There is nothing to install.');
    world.out(JSON.stringify({ err: null, err_msg: null }));
    return EXIT.verified;
  } catch (error) {
    return tell(error, world);
  }
}

function readUpdate(given: Arguments): Update {
  if (given.words.length !== 1 || given.words[0] !== 'update')
    throw new UsageError('The only thing to do is `update`.');
  return {
    directorUrl: parseBase(given.one('director-url'), 'director-url'),
    imageUrl: parseBase(given.one('image-url'), 'image-url'),
    storageFolder: path.resolve(given.one('storage')),
    targetFolder: path.resolve(given.one('target-dir')),
    ecu: readEcu(given.one('ecu-serial'), given.one('hardware-id')),
  };
}

function readEcu(serial: string, hardwareId: string): VehicleEcu {
  try {
    return { serial: parseEcuSerial(serial), hardwareId: parseHardwareId(hardwareId) };
  } catch (error) {
    throw error instanceof CodedError ? new UsageError(error.message) : error;
  }
}

/** How many images landed. */
async function runUpdate(update: Update, world: World): Promise<number> {
  const storage = openUptaneStorage(update.storageFolder);
  storage.check();
  const floor = storage.releaseCounterFloor(update.ecu.serial);
  const ecu = { ...update.ecu, ...(floor === undefined ? {} : { releaseCounterFloor: floor }) };
  const director = repositoryAt('director', update.directorUrl, storage);
  const image = repositoryAt('image', update.imageUrl, storage);
  const verdict = await fullVerification({ ecus: [ecu] }, director, image, world.now());
  if (verdict.kind === 'nothing_new') return 0;
  sweepParts(update.targetFolder);
  for (const target of verdict.targets) {
    const file = path.join(update.targetFolder, fileNameOf(target.name));
    await fetchImage(addressOf(target, update.imageUrl), target, file);
    if (target.releaseCounter !== undefined)
      storage.raiseReleaseCounterFloor(ecu.serial, target.releaseCounter);
    world.out(`"${quoted(target.name, target.name.length)}" is in ${file}`);
  }
  return verdict.targets.length;
}

function repositoryAt(name: RepositoryName, base: URL, storage: UptaneStorage): Repository {
  return {
    name,
    store: storage.repository(name),
    source: httpSource({ name, base, dialect: UPTANE_DIALECT }),
  };
}

function addressOf(target: VerifiedTarget, imageUrl: URL): Address {
  if (target.uri === undefined) return below(imageUrl, `targets/${encodedPath(target.name)}`);
  const address = parseAddress(target.uri);
  if (address !== undefined) return address;
  const text = `The image "${target.name}" is said to lie at something that is no http or https address.`;
  throw new MetadataError('SecurityException', text, { role: 'Targets' });
}

function tell(error: unknown, world: World): number {
  world.err(`uptane-client: ${sentenceOf(error)}`);
  if (error instanceof UsageError) {
    world.err('`npx --no -- uptane-client --help` says how it is used.');
    return EXIT.usage;
  }
  if (!(error instanceof MetadataError)) return EXIT.fault;
  world.out(JSON.stringify({ err: error.wireCode, err_msg: messageOf(error) }));
  return EXIT.refused;
}
