// The rules of what is printed. Standard output: one line for each stage and result, for people. Standard error: warnings
// and errors, one sentence each, and at lower log levels what led to them. Each is one line: what stands in it from outside
// begins no line of its own, and no terminal acts on it. No key, certificate, password or pre-signed URL ever gets here:
// errors do not carry them. Where the lines go is a sink's affair (sink.ts, control/).
import { CodedError, MetadataError, quoted } from '@ota-connect/uptane';
import type { Log } from '@ota-connect/libaktualizr';
import { describeRefusal } from '@ota-connect/libaktualizr/reports/attacks';

const MAX_LINE = 10_000;

/** `print`: a result; `fail`: the sentence with which a command ends; the others are severities. */
export const LINE_KINDS = ['print', 'fail', 'error', 'warning', 'info', 'debug'] as const;

export type LineKind = (typeof LINE_KINDS)[number];

export type Line = {
  readonly kind: LineKind;
  /** One line, harmless to any terminal. */
  readonly text: string;
};

export type Output = {
  readonly print: (line: string) => void;
  readonly log: Log;
  /** One sentence; the causes below it at log level 1 and less. */
  readonly fail: (error: unknown) => void;
  /** What should not have happened, with where it did. */
  readonly defect: (error: unknown) => void;
};

export function createOutput(sink: (line: Line) => void): Output {
  const write = (kind: LineKind, text: string) => sink({ kind, text: printable(text) });
  const log: Log = (level, message) => write(level, message);
  return {
    print: (line) => write('print', line),
    log,
    fail: (error) => {
      write('fail', sentence(error));
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

export function sentence(error: unknown): string {
  if (error instanceof MetadataError) return `${error.message} (${describeRefusal(error)})`;
  return error instanceof Error ? error.message : String(error);
}

/** Where it happened, the innermost first. */
function stackOf(error: unknown): readonly string[] {
  const lines = error instanceof Error ? (error.stack ?? '').split('\n') : [];
  return lines.map((line) => line.trim()).filter((line) => line.startsWith('at '));
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}
