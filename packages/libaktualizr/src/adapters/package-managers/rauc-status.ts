// What `rauc status --output-format=json` says of slots, as far as it decides anything: which one is booted, and which one
// boots next, both by the names that the bootloader has for them. RAUC's documentation, "Slot Status".
import { InstallError } from '../../errors.ts';

export type RaucStatus = {
  readonly booted: string;
  /** Undefined where the bootloader does not say. */
  readonly next: string | undefined;
};

/** @throws InstallError `install_failed` for anything else than a status */
export function parseRaucStatus(text: string): RaucStatus {
  const status = asRecord(parse(text));
  const booted = textOf(status, 'booted');
  if (booted === undefined)
    throw new InstallError('install_failed', 'RAUC does not say which slot is booted.');
  const primary = textOf(status, 'boot_primary');
  const slots = status?.slots;
  const list: readonly unknown[] = Array.isArray(slots) ? slots : [];
  const named = list.flatMap((slot) => Object.entries(asRecord(slot) ?? {}));
  const slot = named.find(([name]) => name === primary)?.[1];
  return { booted, next: textOf(asRecord(slot), 'bootname') };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new InstallError('install_failed', 'RAUC tells its status in words that are not JSON.', { cause });
  }
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
}

function textOf(record: Readonly<Record<string, unknown>> | undefined, name: string): string | undefined {
  const value = record?.[name];
  return typeof value === 'string' ? value : undefined;
}
