// Paths of [import] are relative to its base_path; an empty one names no file. client-protocol 10.4.
import { resolve } from 'node:path';

import type { Config } from './config.ts';

type ImportKey = Exclude<keyof Config['import'], 'basePath'>;

export function importPath(config: Config['import'], key: ImportKey): string | undefined {
  return config[key] === '' ? undefined : resolve(config.basePath, config[key]);
}
