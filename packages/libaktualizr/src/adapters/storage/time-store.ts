// What is known of the time over restarts, among our own flags. What cannot be read counts as unknown. ports.ts
import { CodedError, parseInstant, formatInstant, type Instant } from '@ota-connect/uptane';
import type { TimeStore } from '../../ports.ts';
import type { Connection } from './database.ts';
import { flagStore } from './own-stores.ts';

const ATTESTATION = 'attested_time';
const PREVIOUS = 'previous_attested_time';
const VERIFIED = 'verified_time';

export function timeStore(db: Connection): TimeStore {
  const flags = flagStore(db);
  const instant = (name: string) => readInstant(flags.get(name));
  return {
    attestation: () => {
      const stored = flags.get(ATTESTATION);
      return stored === undefined ? undefined : new Uint8Array(Buffer.from(stored, 'utf8'));
    },
    previousAttested: () => instant(PREVIOUS),
    saveAttestation: (received, { time, previous }) =>
      db.transaction(() => {
        if ((instant(VERIFIED) ?? time) > time) flags.set(VERIFIED, formatInstant(time));
        if (previous === undefined) flags.forget(PREVIOUS);
        else flags.set(PREVIOUS, formatInstant(previous));
        flags.set(ATTESTATION, Buffer.from(received).toString('utf8'));
      }),
    verified: () => instant(VERIFIED),
    saveVerified: (at) =>
      db.transaction(() => {
        const known = instant(VERIFIED);
        if (known === undefined || known < at) flags.set(VERIFIED, formatInstant(at));
      }),
  };
}

function readInstant(text: string | undefined): Instant | undefined {
  try {
    return text === undefined ? undefined : parseInstant(text);
  } catch (error) {
    if (error instanceof CodedError) return undefined;
    throw error;
  }
}
