// What goes wrong between a command and the daemon.
import { CodedError } from '@ota-connect/uptane';

export type ControlCode =
  | 'no_daemon'
  | 'not_permitted'
  | 'daemon_gone'
  | 'malformed_answer'
  | 'refused'
  | 'no_bus';

export class ControlError extends CodedError {
  declare readonly code: ControlCode;
  constructor(code: ControlCode, message: string, options: { readonly cause?: unknown } = {}) {
    super('ControlError', code, message, options);
  }
}
