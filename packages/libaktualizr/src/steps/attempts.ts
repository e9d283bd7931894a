// How often something may be tried. A version that failed is tried again under the same correlation ID at most twice;
// a new correlation ID, as a retried campaign has, starts anew. extensions "Retry of versions that failed".
import { parseCorrelationId, type CorrelationId, type Hashes } from '@ota-connect/uptane';

/** Failed downloads and installations of one target under one correlation ID. */
export const MAX_ATTEMPTS = 3;

/** Downloads that ended early for a reason that may mend itself (the network, a full disk), before they count as failed. */
export const MAX_TRANSFERS = 10;

/** Installations that were begun, ended or not: bounds an image whose installation takes the power down each time. */
export const MAX_STARTS = 25;

/** How often a Secondary is asked whether it runs the new version, at least; and for how long. */
export const MAX_ASKS = 60;
export const MAX_WAIT_MS = 24 * 3_600_000;

/** Tries within one download, and the pauses between them. client-protocol 3.5 */
export const FETCH_PAUSES_MS: readonly number[] = [500, 1000];

export function targetKey(hashes: Hashes): string {
  return hashes.sha256 ?? hashes.sha512 ?? '';
}

export function transferKey(hashes: Hashes): string {
  return `${targetKey(hashes)}.transfer`;
}

export function startKey(hashes: Hashes): string {
  return `${targetKey(hashes)}.started`;
}

export function askKey(hashes: Hashes, ecu: string): string {
  return `${targetKey(hashes)}.asked.${ecu}`;
}

/** The state keeps correlation IDs as text; they were parsed when the metadata was verified. */
export function asCorrelationId(text: string): CorrelationId | '' {
  return text === '' ? '' : parseCorrelationId(text);
}
