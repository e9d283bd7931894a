// The first Root of each repository: shipped with the image, or taken from the server as soon as the device is known to it,
// the Director's and the Image repository's in one go. Whoever comes between later has missed the one moment at which
// trust is given away. client-features TDX-11, W-22; Uptane Standard #provisioning_ecus
import { checkFirstRoot, CodedError, DEFAULT_LIMITS } from '@ota-connect/uptane';
import type { MetadataSource, MetadataStore, RepositoryName } from '@ota-connect/uptane';

import type { Config } from '../config/config.ts';
import { ProvisioningError } from '../errors.ts';
import type { Log } from '../steps/context.ts';

/** A repository as the device knows it. `file`: where its Root may be shipped, below import.base_path. */
export type RootPlace = {
  readonly title: string;
  readonly name: RepositoryName;
  readonly store: Pick<MetadataStore, 'load' | 'save'>;
  readonly source: MetadataSource;
  readonly file: string | undefined;
};

/**
 * Asks nobody, when all are there. A server that cannot give one now is asked again by the next check, which also reports
 * what it refuses. @throws ProvisioningError `missing_root` where none may be taken from the server
 */
export async function ensureFirstRoots(
  { uptane, import: { basePath } }: Pick<Config, 'uptane' | 'import'>,
  places: readonly RootPlace[],
  log: Log,
): Promise<'all there' | 'some missing'> {
  const missing = places.filter(({ store }) => store.load('root') === undefined);
  if (!uptane.trustOnFirstUse) {
    for (const place of missing) throw notShipped(place, basePath);
  }
  let taken = 0;
  for (const place of missing) {
    try {
      if (await isTaken(place)) taken += 1;
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      log('debug', `The first Root of the ${place.title} was not taken yet: ${error.message}`);
    }
  }
  return taken === missing.length ? 'all there' : 'some missing';
}

async function isTaken({ name, source, store }: RootPlace): Promise<boolean> {
  const maxBytes = DEFAULT_LIMITS.rootBytes;
  const bytes = await source.fetch({ role: 'root', version: 1, maxBytes });
  if (bytes === 'absent') return false;
  const root = checkFirstRoot(bytes, { repository: name, limits: DEFAULT_LIMITS }, 1);
  store.save('root', bytes, root.version);
  return true;
}

function notShipped({ title, file }: RootPlace, basePath: string): ProvisioningError {
  const where = file === undefined ? '' : ` Put it at ${file} below ${basePath} (import.base_path).`;
  const message = `The device has no Root of the ${title}, and may take none from the server (uptane.trust_on_first_use is false).${where}`;
  return new ProvisioningError('missing_root', message);
}
