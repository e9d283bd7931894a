// The one error that commands raise on purpose: a sentence for a person, a code for a program, and how to end.
import type { ExitCode } from './exit-codes.ts';

export class CommandError extends Error {
  readonly code: string;
  readonly exitCode: ExitCode;
  constructor(code: string, exitCode: ExitCode, message: string, options?: { cause: unknown }) {
    super(message, options);
    this.name = 'CommandError';
    this.code = code;
    this.exitCode = exitCode;
  }
}
