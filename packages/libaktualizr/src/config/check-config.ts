// Whether this aktualizr can work with a configuration, and all that is wrong with one. A device refuses only what it
// cannot do; `--check-config` refuses every warning too.
import type { CodedError } from '@ota-connect/uptane';

import { readProxy } from '../adapters/http/proxy.ts';
import { ConfigError } from '../errors.ts';
import type { Config } from './config.ts';
import { loadConfig } from './load-toml.ts';
import type { ConfigSources, LoadedConfig } from './load-toml.ts';
import { nearestName } from './nearest-name.ts';
import { readRepositoryMap } from './repository-map.ts';
import { tokenProblems } from './token-config.ts';
import { DEFAULT_DIRECTORIES } from './config-files.ts';

const PACKAGE_MANAGERS: readonly string[] = ['none', 'ostree', 'rauc', 'script'];
const NO_FILES = `There is no configuration: no *.toml in ${DEFAULT_DIRECTORIES.join(' or ')}, nor where --config points.`;

/**
 * Throws what would stop the device: a missing server, or what this version does not do. `ownManagers`: package managers
 * that the application brings.
 */
export function assertUsable(loaded: LoadedConfig, ownManagers: readonly string[] = []): void {
  const [first] = stoppers(loaded, ownManagers);
  if (first !== undefined) throw first;
}

/** Everything that is wrong, one sentence each; empty when nothing is. */
export async function checkConfig(sources: ConfigSources): Promise<readonly string[]> {
  try {
    const loaded = await loadConfig(sources);
    return [
      ...loaded.warnings.map((warning) => warning.message),
      ...stoppers(loaded).map((error) => error.message),
    ];
  } catch (cause) {
    if (cause instanceof ConfigError) return [cause.message];
    throw cause;
  }
}

function stoppers(loaded: LoadedConfig, ownManagers: readonly string[] = []): readonly CodedError[] {
  if (loaded.files.length === 0) return [new ConfigError('missing_file', NO_FILES)];
  return [
    ...tokenProblems(loaded.config),
    ...unsupported(loaded.config, [...PACKAGE_MANAGERS, ...ownManagers]),
    ...(loaded.problem === undefined ? [] : [loaded.problem]),
    ...broken(() => readRepositoryMap(loaded.config)),
    ...broken(() => readConfiguredProxy(loaded.config)),
  ];
}

function broken(read: () => unknown): readonly ConfigError[] {
  try {
    read();
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return [error];
    throw error;
  }
}

function readConfiguredProxy({ network: { curlProxy } }: Config): void {
  if (curlProxy !== '') readProxy({ url: curlProxy }, 'network.curl_proxy');
}

function unsupported(config: Config, managers: readonly string[]): readonly ConfigError[] {
  const found: string[] = [];
  if (!managers.includes(config.pacman.type)) {
    const near = nearestName(config.pacman.type, managers);
    found.push(
      `pacman.type "${config.pacman.type}" is not supported; this aktualizr has ${managers.map((name) => `"${name}"`).join(', ')}${near === undefined ? '' : `, did you mean "${near}"?`}`,
    );
  }
  if (config.storage.type !== 'sqlite')
    found.push(`storage.type "${config.storage.type}" is not supported; it can only be "sqlite"`);
  if (config.uptane.secondaryConfigFile !== '')
    found.push('uptane.secondary_config_file is set, but this aktualizr drives no Secondaries');
  return found.map((text) => new ConfigError('unsupported', `${text}.`));
}
