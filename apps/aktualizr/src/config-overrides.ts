// What the command line sets over the configuration files. client-features 1.1.
import type { ConfigOverrides } from '@ota-connect/libaktualizr/config/load-toml';
import type { Arguments } from './arguments.ts';
import { UsageError } from './exit-codes.ts';
import type { Output } from './output.ts';

/** @throws UsageError */
export function configOverrides({ values }: Arguments, output: Output): ConfigOverrides {
  const loglevel = clampedLoglevel(values.get('loglevel'), output);
  const texts = {
    tlsServer: values.get('tls-server'),
    repoServer: values.get('repo-server'),
    directorServer: values.get('director-server'),
    primaryEcuSerial: values.get('primary-ecu-serial'),
    primaryEcuHardwareId: values.get('primary-ecu-hardware-id'),
    secondaryConfigFile: values.get('secondary-config-file'),
  };
  const given = Object.entries(texts).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(given), ...(loglevel === undefined ? {} : { loglevel }) };
}

/** Out of range is clamped with a warning, as the original does; what is no number is refused. */
function clampedLoglevel(text: string | undefined, { log }: Output): number | undefined {
  if (text === undefined) return undefined;
  const given = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(given)) throw new UsageError(`--loglevel takes a number from 0 to 5, not "${text}".`);
  const level = Math.min(5, Math.max(0, given));
  if (level !== given) log('warning', `--loglevel ${text} is out of range; ${level} is used.`);
  return level;
}
