// The error families of the device library. Each is a broken promise with a code from a closed set, a sentence
// for people and the original as `cause`; an outcome (nothing new, already installed) is returned instead.
// ARCHITECTURE 4.7.
import { CodedError } from '@ota-connect/uptane';

type ErrorOptions = { readonly cause?: unknown; readonly details?: Record<string, unknown> };

export type TransportCode =
  | 'unreachable'
  | 'tls_refused'
  | 'http_status'
  | 'too_slow'
  | 'truncated'
  | 'malformed';
export type StorageCode = 'disk_full' | 'corrupt' | 'locked' | 'migration_failed' | 'unsafe_directory' | 'io';
export type InstallCode = 'rejected_format' | 'no_space' | 'install_failed' | 'wrong_version_booted';
export type SecondaryCode = 'unreachable' | 'failed' | 'duplicate_serial' | 'too_late';
export type ProvisioningCode =
  | 'bad_credentials'
  | 'missing_credentials'
  | 'device_exists'
  | 'ecus_refused'
  | 'refused'
  | 'missing_root'
  | 'not_provisioned';
export type TokenCode =
  | 'no_driver'
  | 'no_module'
  | 'no_token'
  | 'no_engine'
  | 'wrong_pin'
  | 'pin_locked'
  | 'no_object'
  | 'unusable_key'
  | 'failed';
export type ConfigCode = 'unknown_key' | 'bad_value' | 'missing_file' | 'unreadable_file' | 'unsupported';

/** A connection or an answer that failed. `details.status` with `http_status`; `details.body` may hold the decoded problem. */
export class TransportError extends CodedError {
  declare readonly code: TransportCode;
  constructor(code: TransportCode, message: string, options?: ErrorOptions) {
    super('TransportError', code, message, options);
  }
}

/** The database or the file system did not keep its promise. `details.file` names the file. */
export class StorageError extends CodedError {
  declare readonly code: StorageCode;
  constructor(code: StorageCode, message: string, options?: ErrorOptions) {
    super('StorageError', code, message, options);
  }
}

/** An image that cannot be stored or installed. */
export class InstallError extends CodedError {
  declare readonly code: InstallCode;
  constructor(code: InstallCode, message: string, options?: ErrorOptions) {
    super('InstallError', code, message, options);
  }
}

/** A Secondary that cannot be spoken to, or whose driver failed. `details.ecu` is its serial. */
export class SecondaryError extends CodedError {
  declare readonly code: SecondaryCode;
  constructor(code: SecondaryCode, message: string, options?: ErrorOptions) {
    super('SecondaryError', code, message, options);
  }
}

/** The device has no identity that the server takes. Every later operation tries again. */
export class ProvisioningError extends CodedError {
  declare readonly code: ProvisioningCode;
  constructor(code: ProvisioningCode, message: string, options?: ErrorOptions) {
    super('ProvisioningError', code, message, options);
  }
}

/** The token that holds keys, by PKCS#11. `details.module` names the library; no error carries the PIN. */
export class TokenError extends CodedError {
  declare readonly code: TokenCode;
  constructor(code: TokenCode, message: string, options?: ErrorOptions) {
    super('TokenError', code, message, options);
  }
}

/** A configuration that cannot be used as written. `details` carry `file` and `line` where known. Never retried. */
export class ConfigError extends CodedError {
  declare readonly code: ConfigCode;
  constructor(code: ConfigCode, message: string, options?: ErrorOptions) {
    super('ConfigError', code, message, options);
  }
}
