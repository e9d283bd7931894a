// A result code as the original stores it: the text in quotes, a colon, its number. client-protocol 5.2.
import { RESULT_CODES } from '@ota-connect/contract';

const CODES = new Map<string, number>(Object.entries(RESULT_CODES));

export function storedResultCode(code: string): string {
  return `"${code.replaceAll('"', "'")}":${numberOfCode(code)}`;
}

/** Reads the older form without quotes too; anything else is UNKNOWN. */
export function readResultCode(stored: string): string {
  const match = /^"([^"]*)":-?\d+$/.exec(stored) ?? /^([^"]*):-?\d+$/.exec(stored);
  return match?.[1] ?? 'UNKNOWN';
}

/** A list of `hardwareId:CODE` counts as a failed installation, or verification when metadata was refused (5.3). */
function numberOfCode(code: string): number {
  const known = CODES.get(code);
  if (known !== undefined) return known;
  if (!code.includes(':')) return RESULT_CODES.CUSTOM_ERROR;
  return code.endsWith(':VERIFICATION_FAILED')
    ? RESULT_CODES.VERIFICATION_FAILED
    : RESULT_CODES.INSTALL_FAILED;
}
