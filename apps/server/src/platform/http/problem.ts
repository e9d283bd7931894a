// The only mapping from errors to HTTP answers. What is not known here is "internal": the caller gets an id, the log
// gets the error under the same id. Source: RFC 9457, server-protocol 1.2
import { isProblemCode, PROBLEMS, type ProblemCode, type ProblemDocument } from '@ota-connect/contract';
import { MalformedBodyError } from '@ota-connect/contract/device';
import { CodedError } from '@ota-connect/uptane';
import { newId } from '../ids.ts';
import type { Logger } from '../log.ts';

/** Codes that only devices see, or whoever speaks no proper HTTP; all others are the contract's. */
const DEVICE_PROBLEMS = {
  unknown_certificate: { status: 403, title: 'The certificate belongs to no device' },
  provisioning_credentials_expired: { status: 403, title: 'The provisioning credentials have expired' },
  provisioning_credentials_revoked: { status: 403, title: 'The provisioning credentials were revoked' },
  provisioning_credentials_required: { status: 403, title: 'Provisioning credentials are needed here' },
  device_credentials_required: { status: 403, title: 'Device credentials are needed here' },
  role_keys_not_found: { status: 412, title: 'The keys of this role are not on the server' },
  primary_is_not_listed_for_device: { status: 400, title: 'The Primary is not among the ECUs' },
  ecu_reuse_not_allowed: { status: 409, title: 'A removed ECU cannot come back' },
  signature_not_valid: { status: 400, title: 'A signature of the manifest is not valid' },
  ecu_not_primary: { status: 400, title: 'The manifest is of another Primary' },
  device_missing_primary_ecu: { status: 404, title: 'The device has no Primary' },
  request_timeout: { status: 408, title: 'The request took too long' },
  headers_too_large: { status: 431, title: 'The header lines are too long' },
  root_role_not_found: { status: 404, title: 'There is no Root of this version' },
} as const;

const ALL_PROBLEMS: ReadonlyMap<string, { status: number; title: string }> = new Map(
  Object.entries({ ...PROBLEMS, ...DEVICE_PROBLEMS }),
);

export type RequestErrorCode = ProblemCode | keyof typeof DEVICE_PROBLEMS;

/** The request cannot be done, and the caller can know why. */
export class RequestError extends CodedError {
  constructor(
    code: RequestErrorCode,
    message: string,
    options?: { cause?: unknown; details?: Record<string, unknown> },
  ) {
    super('RequestError', code, message, options);
  }
}

/** The answer to an error; logs it when it is the server's own. */
export function problemOf(error: unknown, log: Logger): ProblemDocument {
  const errorId = newId();
  const { code, sentence } = translate(error);
  const { status, title } = ALL_PROBLEMS.get(code) ?? PROBLEMS.internal_server_error;
  if (status >= 500) log.error({ err: error, errorId }, 'A request failed');
  return {
    type: `urn:ota-connect:problem:${code}`,
    title,
    status,
    detail: sentence,
    code,
    description: sentence,
    errorId,
  };
}

type Translation = { readonly code: string; readonly sentence: string };

const INTERNAL: Translation = {
  code: 'internal_server_error',
  sentence: 'Something went wrong in the server; its log has more under this errorId.',
};

function translate(error: unknown): Translation {
  if (error instanceof RequestError) return { code: error.code, sentence: error.message };
  if (error instanceof CodedError) return translateCoded(error);
  if (error instanceof MalformedBodyError) return { code: 'invalid_entity', sentence: `${error.message}.` };
  if (isDatabaseFull(error))
    return { code: 'storage_unavailable', sentence: 'The server has no space left.' };
  if (isHttpError(error)) return translateFramework(error);
  return INTERNAL;
}

function translateCoded(error: CodedError): Translation {
  if (error.family === 'StorageError' && isProblemCode(error.code))
    return { code: error.code, sentence: error.message };
  if (error.family === 'MetadataError') return { code: 'manifest_refused', sentence: error.message };
  if (error.family === 'IdentifierError') return { code: 'invalid_entity', sentence: error.message };
  return INTERNAL;
}

const SQLITE_FULL = 13;

function isDatabaseFull(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === SQLITE_FULL;
}

type HttpError = { readonly statusCode: number; readonly message: string; readonly code?: unknown };

function isHttpError(error: unknown): error is HttpError {
  return error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number';
}

/** Fastify's own refusals: bodies that do not fit the schema, are too long or of the wrong type. */
function translateFramework(error: HttpError): Translation {
  if (error.statusCode === 413)
    return { code: 'payload_too_large', sentence: 'The body is longer than allowed.' };
  if (error.statusCode === 415)
    return { code: 'unsupported_media_type', sentence: 'This content type is not understood.' };
  if (error.statusCode >= 400 && error.statusCode < 500)
    return { code: 'invalid_entity', sentence: `${error.message}.` };
  return INTERNAL;
}
