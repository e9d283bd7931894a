// The effective configuration as the original reports it to the server: its sections, order and spelling. Secrets are
// replaced, which the original does not do (W-24). client-protocol 3.9; client-features CFH-05.
import type { Config } from './config.ts';
import { SCHEMA_SECTIONS } from './defaults.ts';
import { camelCase } from './key-kinds.ts';

const REDACTED = '<redacted>';

export function configurationReport(config: Config): string {
  let report = '';
  for (const [section, keys] of SCHEMA_SECTIONS) {
    const values = new Map<string, unknown>(Object.entries(config[section as keyof Config]));
    const told = Object.entries(keys).filter(
      ([key, kind]) => kind.ours !== true || values.get(camelCase(key)) !== kind.fallback,
    );
    // A section that the original does not know, all of it as by default.
    if (told.length === 0) continue;
    report += `[${section}]\n`;
    for (const [key, kind] of told) {
      const value = values.get(camelCase(key));
      report += setting(kind.dumpName ?? key, kind.kind === 'secret' && value !== '' ? REDACTED : value);
    }
    if (section === 'pacman') report += extraSettings(config.pacman.extra);
    report += '\n';
  }
  return report;
}

function extraSettings(extra: ReadonlyMap<string, string>): string {
  const isSecret = (key: string): boolean => /pass|secret|token|credential/i.test(key);
  return [...extra]
    .map(([key, value]) => setting(key, isSecret(key) && value !== '' ? REDACTED : value))
    .join('');
}

function setting(key: string, value: unknown): string {
  return `${key} = ${typeof value === 'string' ? JSON.stringify(value) : String(value)}\n`;
}
