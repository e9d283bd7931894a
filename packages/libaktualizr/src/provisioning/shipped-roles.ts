// Metadata that an image carries besides its Roots: the other roles of both repositories, in the folders of the Roots below
// import.base_path. They are verified by the Roots as if a server had sent them, so that a device knows from its first
// contact on what it may not be led back behind. Without network. Uptane Standard #provisioning_ecus; ours
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import {
  fullVerification,
  instantOfClock,
  MetadataError,
  metadataPath,
  refreshRepository,
} from '@ota-connect/uptane';
import type { Instant, MetadataSource, Repository } from '@ota-connect/uptane';

import type { Config } from '../config/config.ts';
import { ConfigError } from '../errors.ts';
import type { Clock, EcuIdentity, Storage } from '../ports.ts';

export type ShippedDeps = {
  readonly config: Pick<Config, 'import' | 'uptane'>;
  readonly storage: Pick<Storage, 'metadata' | 'time'>;
  readonly primary: EcuIdentity;
  readonly clock: Pick<Clock, 'now'>;
};

const FOLDERS = { director: 'director', image: 'repo' } as const;

/** Answers warnings: what is refused, expired among it, is as if it were not there. @throws StorageError, ConfigError */
export async function takeShippedRoles(deps: ShippedDeps): Promise<readonly string[]> {
  const now = instantOfClock(Math.max(deps.clock.now(), (deps.storage.time.verified() ?? 0) * 1000));
  const warnings: string[] = [];
  for (const name of ['image', 'director'] as const) {
    if (!isShipped(deps, name)) continue;
    try {
      await verify(deps, name, now);
    } catch (error) {
      if (!(error instanceof MetadataError)) throw error;
      const folder = join(deps.config.import.basePath, FOLDERS[name]);
      warnings.push(`The metadata in ${folder} are not used: ${error.message}`);
    }
  }
  return warnings;
}

/** With a Root to verify them by, and nothing newer from a server. */
function isShipped({ config, storage }: ShippedDeps, name: 'director' | 'image'): boolean {
  const store = storage.metadata[name];
  return (
    existsSync(join(config.import.basePath, FOLDERS[name], 'targets.json')) &&
    store.load('targets') === undefined &&
    store.load('root') !== undefined
  );
}

async function verify(deps: ShippedDeps, name: 'director' | 'image', now: Instant): Promise<void> {
  const image = repositoryIn(deps, 'image');
  if (name === 'image') return void (await refreshRepository(image, now));
  const { directorFullRoles } = deps.config.uptane;
  await fullVerification({ ecus: [deps.primary], directorFullRoles }, repositoryIn(deps, name), image, now);
}

function repositoryIn({ config, storage }: ShippedDeps, name: 'director' | 'image'): Repository {
  const folder = join(config.import.basePath, FOLDERS[name]);
  return { name, store: storage.metadata[name], source: folderSource(folder), firstRoot: 'provisioned' };
}

function folderSource(folder: string): MetadataSource {
  return {
    fetch: async ({ role, version, maxBytes }) => {
      const file = join(folder, metadataPath(role, version));
      const found = statSync(file, { throwIfNoEntry: false });
      if (found === undefined) return 'absent';
      if (found.size > maxBytes)
        throw new ConfigError('bad_value', `${file} is too long.`, { details: { file } });
      return new Uint8Array(readFileSync(file));
    },
  };
}
