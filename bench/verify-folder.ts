// One process, one job over the metadata in a folder: `verify` both repositories, `parse` the image Targets with
// JSON.parse, or `nothing` but load the same modules. core.bench.ts measures the process from outside.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { PRIMARY, SIMULATED_NOW } from '@ota-connect/testkit';
import {
  DEFAULT_LIMITS,
  fullVerification,
  metadataPath,
  type MetadataSource,
  type MetadataStore,
  type RepositoryName,
} from '@ota-connect/uptane';

const MEBI = 1024 * 1024;
export const RAISED_LIMITS = { ...DEFAULT_LIMITS, imageTargetsBytes: 256 * MEBI };

function folderSource(folder: string): MetadataSource {
  return {
    fetch: async ({ role, version }) => {
      const file = path.join(folder, metadataPath(role, version));
      return existsSync(file) ? readFileSync(file) : 'absent';
    },
  };
}

/** Keeps what it gets as it is: neither disk nor copies are what is measured here. */
function keepingStore(): MetadataStore {
  const kept = new Map<string, Uint8Array>();
  const keyOf = (role: unknown): string => JSON.stringify(role);
  return {
    load: (role) => kept.get(keyOf(role)),
    loadRoot: (version) => kept.get(`root ${version}`),
    save: (role, bytes, version) => {
      kept.set(keyOf(role), bytes);
      if (role === 'root') kept.set(`root ${version}`, bytes);
    },
    saveRoot: (bytes, version) => {
      kept.set(keyOf('root'), bytes);
      kept.set(`root ${version}`, bytes);
    },
    remove: (role) => kept.delete(keyOf(role)),
    keepDelegations: () => undefined,
    flags: () => ({ directorFullRoles: () => false, rememberDirectorFullRoles: () => undefined }),
  };
}

async function verify(folder: string): Promise<void> {
  const repository = (name: RepositoryName) => ({
    name,
    source: folderSource(path.join(folder, name)),
    store: keepingStore(),
  });
  const vehicle = { ecus: [PRIMARY], limits: RAISED_LIMITS };
  const verdict = await fullVerification(vehicle, repository('director'), repository('image'), SIMULATED_NOW);
  if (verdict.kind !== 'updates') throw new Error('nothing was verified');
}

// Imported, it is not given a job.
const [job, folder = '.'] = process.argv.slice(2);
if (job === 'verify') await verify(folder);
if (job === 'parse') JSON.parse(readFileSync(path.join(folder, 'image', 'targets.json'), 'utf8'));
