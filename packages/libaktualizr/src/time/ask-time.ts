// Who is asked for the time, and how: a Director whose Root, as it is stored, lists keys for it. docs/adr/0015-time.md;
// Uptane Standard #time_server
import {
  MetadataError,
  parseEnvelope,
  parseRoot,
  timeUntrusted,
  type MetadataStore,
  type Root,
} from '@ota-connect/uptane';
import { TransportError } from '../errors.ts';
import type { Gateway } from '../ports.ts';

/** Undefined: the Director attests no time. A Root that cannot be read attests nothing; verification says what is wrong with it. */
export function attestingRoot(director: Pick<MetadataStore, 'load'>): Root | undefined {
  const stored = director.load('root');
  if (stored === undefined) return undefined;
  try {
    const root = parseRoot(parseEnvelope(stored, { role: 'root', repository: 'director' }), 'director');
    return root.timeKeys === undefined ? undefined : root;
  } catch (error) {
    if (error instanceof MetadataError) return undefined;
    throw error;
  }
}

/** @throws MetadataError TimeUntrusted; MetadataFetchFailure when the Director cannot be asked, with why as its cause */
export async function askTime(gateway: Pick<Gateway, 'attestedTime'>, nonce: string): Promise<Uint8Array> {
  const received = await gateway.attestedTime(nonce).catch((cause: unknown) => {
    if (!(cause instanceof TransportError)) throw cause;
    if (cause.details.tooLong === true) throw timeUntrusted('it does not end', cause);
    throw new MetadataError('MetadataFetchFailure', 'The Director could not be asked for the time.', {
      role: 'Time',
      repository: 'director',
      cause,
    });
  });
  if (received === 'absent')
    throw timeUntrusted('the Director gives none, although its Root names keys for it');
  return received;
}
