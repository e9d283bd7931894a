// The configuration, read again while the daemon runs. What takes effect at once is listed here; everything else waits for
// the next start and is named. A configuration that cannot be used is refused as a whole, and the one in force stays.
// client-features W-28.
import { ConfigError } from '@ota-connect/libaktualizr';
import { assertUsable } from '@ota-connect/libaktualizr/config/check-config';
import { CONFIG_SCHEMA, type Config } from '@ota-connect/libaktualizr/config/config';
import { camelCase } from '@ota-connect/libaktualizr/config/key-kinds';
import { loadConfig, type ConfigSources } from '@ota-connect/libaktualizr/config/load-toml';

const AT_ONCE: ReadonlySet<string> = new Set([
  'logger.loglevel',
  'logger.format',
  'uptane.polling_sec',
  'uptane.polling_jitter_percent',
  'uptane.polling_max_backoff_sec',
  'uptane.manifest_max_age_sec',
  'uptane.enable_online_updates',
  'uptane.force_install_completion',
  'bootloader.reboot_command',
]);

export type Reloaded = {
  /** The one in force with what takes effect at once. */
  readonly config: Config;
  /** `section.key`, as the file spells it. */
  readonly changed: readonly string[];
  /** Changed in the files, in force from the next start on. */
  readonly later: readonly string[];
  readonly warnings: readonly string[];
};

/** @throws ConfigError when the files cannot be used */
export async function reloadConfig(sources: ConfigSources, inForce: Config): Promise<Reloaded> {
  const loaded = await loadConfig(sources);
  assertUsable(loaded);
  // At start a device goes on with the default in place of a bad value: better than no device. Here the old value is better.
  const bad = loaded.warnings.find(({ code }) => code === 'bad_value' || code === 'unreadable_line');
  if (bad !== undefined) throw new ConfigError('bad_value', bad.message);
  const changed: string[] = [];
  const later: string[] = [];
  let config = inForce;
  for (const key of keys()) {
    const [section, name] = key;
    const value = valueOf(loaded.config, key);
    if (value === valueOf(inForce, key)) continue;
    const isAtOnce = AT_ONCE.has(`${section}.${name}`);
    (isAtOnce ? changed : later).push(`${section}.${name}`);
    if (isAtOnce) config = withValue(config, key, value);
  }
  return { config, changed, later, warnings: loaded.warnings.map(({ message }) => message) };
}

type Key = readonly [section: string, name: string];

function keys(): readonly Key[] {
  return Object.entries(CONFIG_SCHEMA).flatMap(([section, names]) =>
    Object.keys(names).map((name): Key => [section, name]),
  );
}

function valueOf(config: Config, [section, name]: Key): unknown {
  return Reflect.get(Reflect.get(config, section) as object, camelCase(name));
}

function withValue(config: Config, [section, name]: Key, value: unknown): Config {
  const before = Reflect.get(config, section) as object;
  return { ...config, [section]: { ...before, [camelCase(name)]: value } };
}
