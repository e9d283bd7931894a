// The rules of what is printed. Standard output: one line for each stage and result, for people. Standard error: warnings
// and errors, one sentence each, and at lower log levels what led to them. Each is one line: what stands in it from outside
// begins no line of its own, and no terminal acts on it. No key, certificate, password or pre-signed URL ever gets here: errors do not carry them.
import { CodedError, MetadataError, quoted } from '@ota-connect/uptane';
import type { Log } from '@ota-connect/libaktualizr';
import { describeRefusal } from '@ota-connect/libaktualizr/reports/attacks';

const MAX_LINE = 10_000;
const LEVELS = { debug: 1, info: 2, warning: 3, error: 4 } as const;

export type Output = {
  readonly print: (line: string) => void;
  readonly log: Log;
  /** One sentence; the causes below it at log level 1 and less. */
  readonly fail: (error: unknown) => void;
  /** What should not have happened, with where it did. */
  readonly defect: (error: unknown) => void;
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
      if (!(error instanceof CodedError)) for (const line of stackOf(error)) log('debug', line);
    },
    defect: (error) => {
      const [where = 'nobody knows where'] = stackOf(error);
      log(
        'error',
        `A defect of this program: ${error instanceof Error ? error.name : 'no error'}: ${sentence(error)} (${where})`,
      );
      for (const line of stackOf(error)) log('debug', line);
    },
  };
}

/** On one line, also what comes on several. */
export function printable(text: string): string {
  return quoted(text.replaceAll(/\s*\n\s*/g, ' '), MAX_LINE);
}

/** Where it happened, the innermost first. */
function stackOf(error: unknown): readonly string[] {
  const lines = error instanceof Error ? (error.stack ?? '').split('\n') : [];
  return lines.map((line) => line.trim()).filter((line) => line.startsWith('at '));
}

function sentence(error: unknown): string {
  if (error instanceof MetadataError) return `${error.message} (${describeRefusal(error)})`;
  return error instanceof Error ? error.message : String(error);
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}
