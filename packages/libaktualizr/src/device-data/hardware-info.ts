// What the device is made of, in the general shape of `lshw -json` (class, id, children), from the kernel's files: the
// original's servers and our console read that shape, and no extra program is needed (W-34). Only what stays the same
// between two starts. client-protocol 3.9.
import { readFileSync } from 'node:fs';
import { arch, cpus, hostname, networkInterfaces, release, totalmem, version } from 'node:os';

import type { JsonObject } from '@ota-connect/uptane';

import { ConfigError } from '../errors.ts';

const WIDTH: ReadonlyMap<string, number> = new Map([
  ['arm', 32],
  ['ia32', 32],
  ['mipsel', 32],
]);

export function hardwareInfo(): JsonObject {
  return {
    id: hostname(),
    class: 'system',
    claimed: true,
    description: 'Computer',
    ...named(
      'product',
      kernelText('/sys/class/dmi/id/product_name') ?? kernelText('/proc/device-tree/model'),
    ),
    ...named('vendor', kernelText('/sys/class/dmi/id/sys_vendor')),
    width: WIDTH.get(arch()) ?? 64,
    configuration: { architecture: arch(), kernel: release(), kernelversion: version() },
    children: [
      {
        id: 'core',
        class: 'bus',
        claimed: true,
        description: 'Motherboard',
        physid: '0',
        children: [memory(), ...processors(), ...networks()],
      },
    ],
  };
}

/** Custom hardware information of `--hwinfo-file`. Throws ConfigError when it is no JSON object. */
export function readHardwareInfoFile(file: string): JsonObject {
  const details = { file };
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new ConfigError('unreadable_file', `The hardware information ${file} is missing or no JSON.`, {
      cause,
      details,
    });
  }
  if (
    typeof value !== 'object' ||
    value === null ||
    Array.isArray(value) ||
    Object.keys(value).length === 0
  ) {
    throw new ConfigError(
      'bad_value',
      `The hardware information ${file} is not a JSON object with members.`,
      { details },
    );
  }
  return value as JsonObject;
}

function memory(): JsonObject {
  return {
    id: 'memory',
    class: 'memory',
    claimed: true,
    description: 'System memory',
    size: totalmem(),
    units: 'bytes',
  };
}

function processors(): readonly JsonObject[] {
  const [first] = cpus();
  if (first === undefined) return [];
  const product = first.model.trim();
  return [
    {
      id: 'cpu',
      class: 'processor',
      claimed: true,
      ...named('product', product === '' ? undefined : product),
      configuration: { cores: String(cpus().length) },
    },
  ];
}

function networks(): readonly JsonObject[] {
  const found: JsonObject[] = [];
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    const [first] = addresses ?? [];
    if (first === undefined || first.internal) continue;
    found.push({
      id: 'network',
      class: 'network',
      claimed: true,
      description: 'Network interface',
      logicalname: name,
      serial: first.mac,
    });
  }
  return found;
}

function named(key: string, value: string | undefined): JsonObject {
  return value === undefined ? {} : { [key]: value };
}

function kernelText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').replaceAll('\0', '').trim() || undefined;
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause) return undefined;
    throw cause;
  }
}
