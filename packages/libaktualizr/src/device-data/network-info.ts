// Name, address and MAC of the interface that has the default route, in the original's shape. client-protocol 3.9.
import { readFileSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';
import type { NetworkInterfaceInfo } from 'node:os';

export type NetworkInfo = { readonly hostname: string; readonly local_ipv4: string; readonly mac: string };

const ROUTES = '/proc/net/route';
const ANYWHERE = '00000000';
const ROUTE_UP = 1;

/** A device without a default route has empty texts. */
export function networkInfo(routesFile: string = ROUTES): NetworkInfo {
  const interfaces = networkInterfaces();
  const name = defaultInterface(routesFile) ?? firstOutward(interfaces);
  const address = interfaces[name ?? '']?.find(({ family }) => family === 'IPv4');
  return { hostname: hostname(), local_ipv4: address?.address ?? '', mac: address?.mac ?? '' };
}

/** The kernel's table: interface, destination, gateway, flags, …, metric at column 6; hexadecimal but for the metric. */
function defaultInterface(routesFile: string): string | undefined {
  const rows = readRoutes(routesFile).map((line) => line.trim().split(/\s+/));
  const defaults = rows.filter(
    (row) =>
      row[1] === ANYWHERE && row[7] === ANYWHERE && (Number.parseInt(row[3] ?? '', 16) & ROUTE_UP) !== 0,
  );
  return defaults.sort((a, b) => Number(a[6]) - Number(b[6]))[0]?.[0];
}

function readRoutes(routesFile: string): readonly string[] {
  try {
    return readFileSync(routesFile, 'utf8').split('\n').slice(1);
  } catch (cause) {
    // Not Linux: the first interface that leads outside is as good a guess as any.
    if (cause instanceof Error && 'code' in cause) return [];
    throw cause;
  }
}

function firstOutward(interfaces: NodeJS.Dict<NetworkInterfaceInfo[]>): string | undefined {
  if (process.platform === 'linux') return undefined;
  return Object.keys(interfaces).find((name) =>
    interfaces[name]?.some((info) => info.family === 'IPv4' && !info.internal),
  );
}
