// What the Uptane client keeps between two runs, in files: the verified metadata of both repositories, every Root by its
// version, whether the Director serves all roles, and the highest release counter that each ECU has had.
import { readdirSync } from 'node:fs';
import path from 'node:path';
import {
  UPTANE_DIALECT,
  type MetadataStore,
  type RepositoryName,
  type StoredRole,
} from '@ota-connect/uptane';
import { checkStored } from './check-stored.ts';
import { makeFolder, readIfThere, removeDurably, storing, writeDurably } from './durable-file.ts';
import { StorageError } from './errors.ts';
import { fileNameOf } from './file-name.ts';
import { endForgetting, NOTE, saveRootAndForget } from './save-root.ts';

export type UptaneStorage = {
  repository(name: RepositoryName): MetadataStore;
  /** undefined: nothing with a counter was ever there. */
  releaseCounterFloor(serial: string): number | undefined;
  /** A lower one changes nothing. */
  raiseReleaseCounterFloor(serial: string, counter: number): void;
  /** Of both repositories. @throws StorageError corrupt */
  check(): void;
};

/** Makes the folder where there is none. @throws StorageError */
export function openUptaneStorage(folder: string): UptaneStorage {
  const counterFile = (serial: string): string =>
    path.join(makeFolder(path.join(folder, 'release-counters')), fileNameOf(serial));
  const floorOf = (serial: string): number | undefined => readCounter(counterFile(serial));
  return {
    repository: (name) => repositoryStore(makeFolder(path.join(folder, name))),
    releaseCounterFloor: floorOf,
    check: () => {
      for (const name of ['director', 'image'] as const) checkRepository(folder, name);
    },
    raiseReleaseCounterFloor(serial, counter) {
      if (counter > (floorOf(serial) ?? -1)) writeDurably(counterFile(serial), Buffer.from(`${counter}\n`));
    },
  };
}

function checkRepository(storage: string, name: 'director' | 'image'): void {
  const folder = makeFolder(path.join(storage, name));
  checkStored({
    name,
    dialect: UPTANE_DIALECT,
    folders: [folder, path.join(folder, 'delegations')],
    rootFile: newestRootFile(folder),
    remedy: `remove the folder ${storage}, the next run begins anew`,
  });
}

function readCounter(file: string): number | undefined {
  const bytes = readIfThere(file);
  if (bytes === undefined) return undefined;
  const text = new TextDecoder().decode(bytes).trim();
  const counter = Number(text);
  if (text !== '' && Number.isSafeInteger(counter) && counter >= 0) return counter;
  throw new StorageError('corrupt', `${file} holds no release counter.`);
}

function repositoryStore(folder: string): MetadataStore {
  const delegations = makeFolder(path.join(folder, 'delegations'));
  const rootFile = (version: number): string => rootFileOf(folder, version);
  const fileOf = (role: Exclude<StoredRole, 'root'>): string =>
    typeof role === 'string'
      ? path.join(folder, `${role}.json`)
      : path.join(delegations, `${fileNameOf(role.delegation)}.json`);
  const flag = path.join(folder, 'serves-all-roles');
  const note = path.join(folder, NOTE);
  const store: Omit<MetadataStore, 'saveRoot'> = {
    load: (role) =>
      readIfThere(role === 'root' ? rootFile(Math.max(0, ...rootVersions(folder))) : fileOf(role)),
    loadRoot: (version) => readIfThere(rootFile(version)),
    save: (role, bytes, version) => writeDurably(role === 'root' ? rootFile(version) : fileOf(role), bytes),
    remove: (role) => {
      if (role === 'root') for (const version of rootVersions(folder)) removeDurably(rootFile(version));
      else removeDurably(fileOf(role));
    },
    flags: () => ({
      directorFullRoles: () => readIfThere(flag) !== undefined,
      rememberDirectorFullRoles: (served) => {
        if (served) writeDurably(flag, new Uint8Array());
        else removeDurably(flag);
      },
    }),
    keepDelegations: (names) => {
      const kept = new Set(Array.from(names, (delegation) => fileOf({ delegation })));
      for (const name of storing(delegations, () => readdirSync(delegations))) {
        const file = path.join(delegations, name);
        if (!kept.has(file)) removeDurably(file);
      }
    },
  };
  endForgetting(note, store);
  return {
    ...store,
    saveRoot: (bytes, version, forget) => saveRootAndForget(note, store, { bytes, version, forget }),
  };
}

/** undefined: none yet. */
function newestRootFile(folder: string): string | undefined {
  const newest = Math.max(0, ...rootVersions(folder));
  return newest === 0 ? undefined : rootFileOf(folder, newest);
}

function rootFileOf(folder: string, version: number): string {
  return path.join(folder, `${version}.root.json`);
}

function rootVersions(folder: string): readonly number[] {
  const names = storing(folder, () => readdirSync(folder));
  return names.map((name) => Number(/^(\d+)\.root\.json$/.exec(name)?.[1] ?? 0));
}
