// The rules of what is printed. Standard output: one line for each stage and result, for people. Standard error: warnings
// and errors, one sentence each, and at lower log levels what led to them. Text from outside loses its control
// characters. No key, certificate, password or pre-signed URL ever gets here: errors do not carry them.
import { CodedError, MetadataError } from '@ota-connect/uptane';
import type { Log } from '@ota-connect/libaktualizr';
import { describeRefusal } from '@ota-connect/libaktualizr/reports/attacks';

const LEVELS = { debug: 1, info: 2, warning: 3, error: 4 } as const;

export type Output = {
  readonly print: (line: string) => void;
  readonly log: Log;
  /** One sentence; the causes below it at log level 1 and less. */
  readonly fail: (error: unknown) => void;
};

export function createOutput(loglevel: () => number): Output {
  const log: Log = (level, message) => {
    if (LEVELS[level] >= loglevel()) process.stderr.write(`${level}: ${printable(message)}\n`);
  };
  return {
    print: (line) => process.stdout.write(`${printable(line)}\n`),
    log,
    fail: (error) => {
      process.stderr.write(`aktualizr: ${printable(sentence(error))}\n`);
      for (let cause = causeOf(error); cause !== undefined; cause = causeOf(cause))
        log('debug', `because: ${sentence(cause)}`);
      if (!(error instanceof CodedError) && error instanceof Error) log('debug', error.stack ?? '');
    },
  };
}

export function printable(text: string): string {
  return text.replace(/(?![\t\n])\p{Cc}/gu, '?');
}

function sentence(error: unknown): string {
  if (error instanceof MetadataError) return `${error.message} (${describeRefusal(error)})`;
  return error instanceof Error ? error.message : String(error);
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}
