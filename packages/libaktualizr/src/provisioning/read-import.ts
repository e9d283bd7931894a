// A file to be taken over. One that is configured but missing is normal: it may have been used up, or arrive later.
// client-protocol 10.4.
import { readFileSync } from 'node:fs';

export function readImport(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause) return undefined;
    throw cause;
  }
}
