// What a command answers, for programs: one JSON object, the same on standard output with --json, on the control socket
// and on D-Bus. `outcome` is a word of a closed set, `exitCode` what the process ends with. docs/guides/commands.md.
import { CodedError, MetadataError, type JsonObject, type JsonValue } from '@ota-connect/uptane';
import type { Update } from '@ota-connect/libaktualizr';
import { EXIT_CODES, exitCodeOf, UsageError, type ExitCode } from './exit-codes.ts';
import { printable, sentence } from './output.ts';

/** A part of an answer, before it is known which command gives it. */
export type Told = { readonly outcome: string; readonly exitCode: ExitCode } & JsonMembers;

export type Outcome = Told & { readonly command: string };

type JsonMembers = { readonly [name: string]: JsonValue };

/** A command that threw. */
export function failed(command: string, error: unknown): Outcome {
  return { command, outcome: 'error', exitCode: exitCodeOf(error), error: describeError(error) };
}

export function describeError(error: unknown): JsonObject {
  const message = printable(sentence(error));
  if (error instanceof UsageError) return { family: 'UsageError', code: 'usage', message };
  if (!(error instanceof CodedError)) {
    const name = error instanceof Error ? error.name : 'Error';
    return name === 'AbortedError'
      ? { family: 'AbortedError', code: 'aborted', message }
      : { family: 'Bug', code: 'unexpected', message };
  }
  const { retryAfterSeconds } = error.details;
  const attack = error instanceof MetadataError ? error.attack : undefined;
  return {
    family: error.family,
    code: error instanceof MetadataError ? error.wireCode : error.code,
    message,
    ...(attack === undefined ? {} : { attack }),
    ...(typeof retryAfterSeconds === 'number' ? { retryAfterSeconds } : {}),
  };
}

export function describeUpdate({ correlationId, targets }: Update): JsonObject {
  return {
    correlationId,
    targets: targets.map(({ name, lengthBytes, hashes, ecus }) => ({
      name,
      lengthBytes,
      hashes: { ...hashes },
      ecus: ecus.map(([serial, hardwareId]) => ({ serial, hardwareId })),
    })),
  };
}

/** A member as text; empty when it is none. */
export function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
}

/** What went wrong is no fault of the command's. */
export function isError(outcome: Outcome): boolean {
  return outcome.outcome === 'error' && outcome.exitCode !== EXIT_CODES.ok;
}
