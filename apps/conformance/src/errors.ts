// The faults of these commands that are not refused metadata, and the one sentence in which any error is told.
import { CodedError, MetadataError, quoted } from '@ota-connect/uptane';

const MAX_SENTENCE = 4000;

/** A connection or an answer that failed. `details.attack` where that points to one. */
export class TransportError extends CodedError {
  constructor(
    code: 'unreachable' | 'http_status' | 'too_slow' | 'malformed',
    message: string,
    options?: { cause?: unknown; details?: Record<string, unknown> },
  ) {
    super('TransportError', code, message, options);
  }
}

/** The folder that holds trusted metadata did not keep its promise. */
export class StorageError extends CodedError {
  constructor(
    code: 'io' | 'locked' | 'corrupt' | 'occupied',
    message: string,
    options?: { cause?: unknown },
  ) {
    super('StorageError', code, message, options);
  }
}

/** `UnmetThreshold::Timestamp (arbitrary software): …` */
export function sentenceOf(error: unknown): string {
  if (error instanceof MetadataError) {
    const attack = attackOf(error);
    return `${error.wireCode}${attack === undefined ? '' : ` (${attack})`}: ${messageOf(error)}`;
  }
  return messageOf(error);
}

/** The innermost cause knows best: behind a file that could not be fetched may be a server that was slow on purpose. */
function attackOf(error: unknown): string | undefined {
  if (!(error instanceof CodedError)) return undefined;
  const own = error instanceof MetadataError ? error.attack : error.details['attack'];
  return attackOf(error.cause) ?? (typeof own === 'string' ? own : undefined);
}

/** With what is behind it, which alone says why a server could not be asked. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof CodedError ? messageOf(error.cause) : '';
  const told = cause === '' || error.message.includes(cause) ? error.message : `${error.message} ${cause}`;
  return quoted(told.replaceAll(/\s+/g, ' '), MAX_SENTENCE);
}
