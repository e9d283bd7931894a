// The number of a group, from /etc/group: Node.js asks no name service, and a device has its groups there.
import { readFileSync } from 'node:fs';

/** Undefined when there is no such group. */
export function groupId(name: string, groups = '/etc/group'): number | undefined {
  if (/^\d{1,10}$/.test(name)) return Number(name);
  const line = readFileSync(groups, 'utf8')
    .split('\n')
    .find((text) => text.startsWith(`${name}:`));
  const number = Number(line?.split(':')[2]);
  return Number.isSafeInteger(number) ? number : undefined;
}
