// The result codes of an installation, as text on the wire and as a number in the device's storage and exit codes.
// A device may also send any other text (an integrator's own code); those travel as plain strings.
// Source: client-protocol 5.2

export const RESULT_CODES = {
  OK: 0,
  ALREADY_PROCESSED: 1,
  VERIFICATION_FAILED: 3,
  INSTALL_FAILED: 4,
  DOWNLOAD_FAILED: 5,
  INTERNAL_ERROR: 18,
  GENERAL_ERROR: 19,
  NEED_COMPLETION: 21,
  CUSTOM_ERROR: 22,
  OPERATION_CANCELLED: 23,
  UNKNOWN: -1,
} as const;

export type ResultCode = keyof typeof RESULT_CODES;

export function isResultCode(text: string): text is ResultCode {
  return Object.hasOwn(RESULT_CODES, text);
}

/** The number of a code; a text that is not in the table counts as UNKNOWN. */
export function resultNumber(code: string): number {
  return isResultCode(code) ? RESULT_CODES[code] : RESULT_CODES.UNKNOWN;
}
