// Events and their results as JSON: what is an error in them becomes its description, what is undefined is left out.
import type { AktualizrEvent } from '@ota-connect/libaktualizr';
import { describeError } from '../outcome.ts';

export function eventJson(event: AktualizrEvent): string {
  return JSON.stringify(event, (_key, value: unknown) => {
    if (value instanceof Error) return describeError(value);
    return value instanceof Map ? [...value] : value;
  });
}
