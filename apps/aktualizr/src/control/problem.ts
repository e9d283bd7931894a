// A failed outcome as a problem of RFC 9457: the outcome's own members, and those that every HTTP client knows.
import { STATUS_CODES } from 'node:http';
import { isJsonObject, type JsonObject } from '@ota-connect/uptane';
import { textOf, type Outcome } from '../outcome.ts';

const STATUS_OF_FAMILY = new Map([
  ['UsageError', 400],
  ['AbortedError', 409],
  ['ConfigError', 409],
  ['ProvisioningError', 409],
  ['TransportError', 502],
  ['MetadataError', 502],
  ['StorageError', 503],
]);

export type Problem = { readonly status: number; readonly body: JsonObject };

export function problemOf(outcome: Outcome): Problem {
  const error = isJsonObject(outcome.error) ? outcome.error : {};
  const family = textOf(error.family);
  const status = STATUS_OF_FAMILY.get(family) ?? 500;
  return {
    status,
    body: { ...outcome, ...members(status, textOf(error.code), textOf(error.message)) },
  };
}

export function problem(status: number, code: string, detail: string): Problem {
  return { status, body: members(status, code, detail) };
}

function members(status: number, code: string, detail: string): JsonObject {
  return { type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, detail, code };
}
