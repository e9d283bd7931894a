// The configuration of a device: files, then the command line, then what follows from both. Typos are warnings, since a
// deployed device must go on; a named file that is missing is an error. client-features 3.1, client-protocol 1.1.
import type { CodedError } from '@ota-connect/uptane';

import { ConfigError } from '../errors.ts';
import { applySettings, emptyApplied } from './apply-settings.ts';
import type { Applied } from './apply-settings.ts';
import { readConfigFiles } from './config-files.ts';
import type { Config } from './config.ts';
import { buildConfig, SCHEMA_SECTIONS } from './defaults.ts';
import { deriveConfig } from './derive-config.ts';
import { readSettings } from './read-settings.ts';
import type { ConfigWarning } from './warnings.ts';

/** What the command line sets, over every file. */
export type ConfigOverrides = {
  readonly loglevel?: number;
  readonly tlsServer?: string;
  readonly repoServer?: string;
  readonly directorServer?: string;
  readonly primaryEcuSerial?: string;
  readonly primaryEcuHardwareId?: string;
  readonly secondaryConfigFile?: string;
};

export type ConfigSources = {
  /** Files or directories of `--config`; none: the original's two directories. */
  readonly paths?: readonly string[];
  readonly overrides?: ConfigOverrides;
};

export type LoadedConfig = {
  readonly config: Config;
  readonly warnings: readonly ConfigWarning[];
  /** In the order in which they were applied. */
  readonly files: readonly string[];
  /** Why this configuration names no server. */
  readonly problem: CodedError | undefined;
};

const OVERRIDDEN: Readonly<Record<keyof ConfigOverrides, readonly [section: string, key: string]>> = {
  loglevel: ['logger', 'loglevel'],
  tlsServer: ['tls', 'server'],
  repoServer: ['uptane', 'repo_server'],
  directorServer: ['uptane', 'director_server'],
  primaryEcuSerial: ['provision', 'primary_ecu_serial'],
  primaryEcuHardwareId: ['provision', 'primary_ecu_hardware_id'],
  secondaryConfigFile: ['uptane', 'secondary_config_file'],
};

/** Throws ConfigError when a named file is missing or unreadable, or when a value of the command line does not fit. */
export async function loadConfig(sources: ConfigSources = {}): Promise<LoadedConfig> {
  const files = readConfigFiles(sources.paths);
  const applied = emptyApplied();
  for (const { file, source } of files) {
    const { settings, warnings } = readSettings(source, file);
    applied.warnings.push(...warnings);
    applySettings(applied, settings, file);
  }
  applyOverrides(applied, sources.overrides ?? {});
  const derived = await deriveConfig(buildConfig(applied.values, applied.extra));
  return { ...derived, warnings: applied.warnings, files: files.map(({ file }) => file) };
}

function applyOverrides(applied: Applied, overrides: ConfigOverrides): void {
  for (const [name, [section, key]] of Object.entries(OVERRIDDEN)) {
    const given = overrides[name as keyof ConfigOverrides];
    if (given === undefined) continue;
    const reading = SCHEMA_SECTIONS.get(section)?.[key]?.read(String(given));
    if (!reading?.ok)
      throw new ConfigError('bad_value', `--${name.toLowerCase()} takes ${reading?.expected ?? 'no value'}.`);
    const values = applied.values.get(section) ?? new Map<string, unknown>();
    applied.values.set(section, values.set(key, reading.value));
  }
}
