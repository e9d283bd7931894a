// The errors of the whole house: one base class, coded, with a cause; and the family of refused metadata, whose
// codes name the check that failed and the attack it points to. Sentences are for people, codes for programs.
// Source: Uptane Standard #how_to_verify_metadata ("return an error code indicating …"), docs/generated/errors.md
import { quoted } from './quoted.ts';

/** Base of every error that this project throws. `name` is the family, so that logs group by it. */
export class CodedError extends Error {
  readonly family: string;
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    family: string,
    code: string,
    message: string,
    options: { cause?: unknown; details?: Record<string, unknown> } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : {});
    this.name = family;
    this.family = family;
    this.code = code;
    this.details = options.details ?? {};
  }
}

export type Attack =
  | 'arbitrary software'
  | 'rollback'
  | 'freeze'
  | 'mix-and-match'
  | 'endless data'
  | 'slow retrieval'
  | 'drop-request'
  | 'partial bundle'
  | 'fast-forward';

/** `plain`: the one repository of a TUF client; errors then name the role alone. */
export type RepositoryName = 'director' | 'image' | 'plain';

/** Each code, the attack it points to, and what its wire form carries behind the code. */
export const METADATA_CODES = {
  BadKeyId: { attack: 'arbitrary software', suffix: 'none' },
  UnmetThreshold: { attack: 'arbitrary software', suffix: 'role' },
  IllegalThreshold: { attack: 'arbitrary software', suffix: 'role' },
  NonUniqueSignatures: { attack: 'arbitrary software', suffix: 'role' },
  ExpiredMetadata: { attack: 'freeze', suffix: 'role' },
  SecurityException: { attack: 'arbitrary software', suffix: 'role' },
  RootRotationError: { attack: 'arbitrary software', suffix: 'none' },
  VersionMismatch: { attack: 'mix-and-match', suffix: 'role' },
  Rollback: { attack: 'rollback', suffix: 'none' },
  MetadataHashMismatch: { attack: 'mix-and-match', suffix: 'role' },
  OversizedMetadata: { attack: 'endless data', suffix: 'role' },
  MetadataFetchFailure: { attack: 'drop-request', suffix: 'role and repository' },
  DelegationMissing: { attack: 'mix-and-match', suffix: 'role' },
  DelegationHashMismatch: { attack: 'mix-and-match', suffix: 'role' },
  TargetMismatch: { attack: 'mix-and-match', suffix: 'none' },
  TargetHashMismatch: { attack: 'arbitrary software', suffix: 'none' },
  OversizedTarget: { attack: 'endless data', suffix: 'none' },
  UndersizedTarget: { attack: 'arbitrary software', suffix: 'none' },
  BadEcuId: { attack: 'arbitrary software', suffix: 'none' },
  BadHardwareId: { attack: 'arbitrary software', suffix: 'none' },
  DirectorDelegation: { attack: 'arbitrary software', suffix: 'none' },
  DirectorRepeatedEcuId: { attack: 'mix-and-match', suffix: 'none' },
  ReleaseCounter: { attack: 'rollback', suffix: 'none' },
  TimeUntrusted: { attack: 'freeze', suffix: 'none' },
  DroppedRole: { attack: 'drop-request', suffix: 'role' },
} as const satisfies Record<string, { attack: Attack; suffix: 'none' | 'role' | 'role and repository' }>;

export type MetadataCode = keyof typeof METADATA_CODES;

/** Where a refused document comes from. `role` is `Root`, `Timestamp`, `Snapshot`, `Targets` or a delegated role's own name. */
export type Origin = { readonly role?: string; readonly repository?: RepositoryName };

const MAX_MESSAGE = 2000;

/** Metadata or an image that the rules refuse. */
export class MetadataError extends CodedError {
  declare readonly code: MetadataCode;
  readonly role: string | undefined;
  readonly repository: RepositoryName | undefined;
  readonly attack: Attack | undefined;
  /** The code as it is reported, e.g. `UnmetThreshold::Targets`, `MetadataFetchFailure::Targets::Director`. */
  readonly wireCode: string;

  constructor(
    code: MetadataCode,
    message: string,
    options: Origin & { cause?: unknown; details?: Record<string, unknown>; attack?: Attack } = {},
  ) {
    // Names of roles, images and ECUs stand in it.
    super('MetadataError', code, quoted(message, MAX_MESSAGE), options);
    this.role = options.role;
    this.repository = options.repository;
    this.attack = options.attack ?? METADATA_CODES[code].attack;
    this.wireCode = wireCode(code, options);
  }
}

function wireCode(code: MetadataCode, origin: Origin): string {
  const { suffix } = METADATA_CODES[code];
  if (suffix === 'none' || origin.role === undefined) return code;
  const role = quoted(origin.role, MAX_MESSAGE);
  const names = origin.repository !== undefined && origin.repository !== 'plain';
  if (suffix === 'role' || !names) return `${code}::${role}`;
  return `${code}::${role}::${origin.repository === 'director' ? 'Director' : 'Image'}`;
}
