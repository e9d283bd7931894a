// What the process answers with. 3, 4, 5 and 21 are the original's result codes, the others are those of sysexits.h, so
// that a script can tell what to do. Scripts made for the original get its codes with --compat-exit-codes. README "Exit
// codes"; client-features 1.2, W-30.
import { CodedError } from '@ota-connect/uptane';

export const EXIT_CODES = {
  /** Done, or nothing to do. */
  ok: 0,
  unexpected: 1,
  metadataRefused: 3,
  installationFailed: 4,
  downloadFailed: 5,
  rebootNeeded: 21,
  usage: 64,
  noSuchCampaign: 66,
  serverUnreachable: 69,
  diskOrIo: 74,
  alreadyRunning: 75,
  notProvisioned: 77,
  configuration: 78,
} as const;

export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES];

/** Where the original ends with 0, although what was asked did not happen. */
const ZERO_IN_THE_ORIGINAL: ReadonlySet<ExitCode> = new Set([
  EXIT_CODES.ok,
  EXIT_CODES.metadataRefused,
  EXIT_CODES.installationFailed,
  EXIT_CODES.downloadFailed,
  EXIT_CODES.rebootNeeded,
  EXIT_CODES.noSuchCampaign,
]);

/** The command line cannot be understood. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/**
 * As the original would end. It ends with 0 as well when a server is out of reach, but with 1 on a device that is not
 * registered yet.
 */
export function compatibleExitCode(code: ExitCode, isRegistered: boolean): ExitCode {
  if (code === EXIT_CODES.serverUnreachable && isRegistered) return EXIT_CODES.ok;
  return ZERO_IN_THE_ORIGINAL.has(code) ? EXIT_CODES.ok : EXIT_CODES.unexpected;
}

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof UsageError) return EXIT_CODES.usage;
  if (!(error instanceof CodedError)) return EXIT_CODES.unexpected;
  switch (error.family) {
    case 'MetadataError':
      return EXIT_CODES.metadataRefused;
    case 'InstallError':
      return error.code === 'no_space' ? EXIT_CODES.diskOrIo : EXIT_CODES.installationFailed;
    case 'TransportError':
      return isRefusedIdentity(error) ? EXIT_CODES.notProvisioned : EXIT_CODES.serverUnreachable;
    case 'ProvisioningError':
      return EXIT_CODES.notProvisioned;
    case 'ConfigError':
    case 'TokenError':
      return EXIT_CODES.configuration;
    case 'ControlError':
      return error.code === 'no_daemon' ? EXIT_CODES.serverUnreachable : EXIT_CODES.unexpected;
    case 'StorageError':
      if (error.code === 'locked') return EXIT_CODES.alreadyRunning;
      return error.code === 'unsafe_directory' ? EXIT_CODES.configuration : EXIT_CODES.diskOrIo;
    default:
      return EXIT_CODES.unexpected;
  }
}

/** The server was there and did not want this device. */
function isRefusedIdentity({ code, details }: CodedError): boolean {
  if (code === 'tls_refused') return details.reason === 'device_certificate';
  return code === 'http_status' && (details.status === 401 || details.status === 403);
}
