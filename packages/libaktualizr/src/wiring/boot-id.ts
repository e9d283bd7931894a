// Which boot this is: the kernel gives each a random name. client-protocol 11.3
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';

const BOOT_ID = '/proc/sys/kernel/random/boot_id';

/** Changes with each boot. Where there is none, a reboot shows in that the process was started anew. */
export function readBootId(): string {
  try {
    return readFileSync(BOOT_ID, 'utf8').trim();
  } catch (error) {
    if (error instanceof Error && 'code' in error) return randomUUID();
    throw error;
  }
}
