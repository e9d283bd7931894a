// Error families that the server declares beside uptane's. One class per family; what a code means to a caller over
// HTTP is decided in platform/http/problem.ts alone.
import { CodedError } from '@ota-connect/uptane';

type Options = { cause?: unknown; details?: Record<string, unknown> };

/** Codes: corrupt, wrong_vault_key, data_dir_in_use, data_dir_unsafe, migration_failed, upload_incomplete. */
export class StorageError extends CodedError {
  constructor(code: string, message: string, options?: Options) {
    super('StorageError', code, message, options);
  }
}

/** Codes: bad_value, port_in_use, cannot_listen. */
export class ConfigError extends CodedError {
  constructor(code: string, message: string, options?: Options) {
    super('ConfigError', code, message, options);
  }
}

/** A rule of our own code was broken: never the caller's fault. */
export class BugError extends CodedError {
  constructor(message: string, options?: Options) {
    super('Bug', 'invariant_broken', message, options);
  }
}
