// `{ "signatures": […], "signed": {…} }`: kept as received, beside the canonical bytes that its signatures are over.
// What is stored and forwarded are the received bytes; everything decoded is a view. Unknown members are kept and ignored.
// Source: Uptane Standard #common_metadata_structures
import type { Dialect } from '../dialect/dialect.ts';
import { UPTANE_DIALECT } from '../dialect/uptane-dialect.ts';
import { CodedError, MetadataError, type RepositoryName } from '../errors.ts';
import { readArray, readObject, readString } from '../json/decode.ts';
import { BYTE } from '../json/json-bytes.ts';
import {
  bytesOf,
  decode,
  decodeShort,
  findMembers,
  hasMoreItems,
  items,
  readObjectView,
  type JsonView,
} from '../json/json-view.ts';
import { viewStrictJson } from '../json/strict-json.ts';
import type { JsonObject, JsonValue } from '../json/value.ts';
import { DEFAULT_LIMITS, type Limits } from '../limits.ts';
import { quoted } from '../quoted.ts';
import { roleTitle, type OfflineRole, type StoredRole } from '../dialect/role.ts';
import type { Signature } from '../dialect/signature.ts';

export type { Signature } from '../dialect/signature.ts';

export type Envelope = {
  /** The views read from it whenever they are asked: whoever handed it in leaves it as it is. */
  readonly received: Uint8Array;
  /** Canonical form of the whole document, unknown members included; `received` itself where that is canonical. */
  readonly documentBytes: Uint8Array;
  /** What the signatures are over: `signed` in the canonical form of the dialect. */
  readonly signedBytes: Uint8Array;
  readonly signatures: readonly Signature[];
  readonly dialect: Dialect;
  /** Made when it is asked for. Of a large document `signedView` gives the parts. */
  readonly signed: JsonObject;
  readonly signedView: JsonView;
};

const NO_BYTES = new Uint8Array();

/** Which document is being read, in which dialect: for errors, and for the type that it has to state. */
export type DocumentOrigin = {
  readonly role: StoredRole | OfflineRole;
  readonly repository?: RepositoryName;
  /** Absent: UPTANE_DIALECT. */
  readonly dialect?: Dialect;
};

/** @throws MetadataError SecurityException when it is not an envelope of that role */
export function parseEnvelope(
  received: Uint8Array,
  origin: DocumentOrigin,
  limits: Limits = DEFAULT_LIMITS,
): Envelope {
  const { dialect = UPTANE_DIALECT } = origin;
  return refusingMalformed(origin, () => {
    const envelope = readEnvelope(received, limits, dialect);
    // Nobody has signed for anything yet: what a document is has to be told from little of it.
    const members = findMembers(envelope.signedView, ['_type', 'spec_version']);
    const stated = (name: string): JsonValue | undefined => {
      const found = members.get(name);
      return found === undefined ? undefined : decodeShort(found, name);
    };
    const type = readString(stated('_type'), '_type');
    if (type !== dialect.typeOf(origin.role))
      throw malformed(origin, `it says that it is "${quoted(type, 20)}"`);
    dialect.checkSpecification(stated('spec_version'));
    const strange = envelope.signatures.find((signature) => !dialect.knowsMethod(signature));
    if (strange !== undefined)
      throw malformed(origin, `the signature method "${quoted(strange.method, 30)}" is unknown`);
    return envelope;
  });
}

/** The envelope of any type of document. @throws CodedError JsonError, DecodeError */
export function readEnvelope(
  received: Uint8Array,
  limits: Limits = DEFAULT_LIMITS,
  dialect: Dialect = UPTANE_DIALECT,
): Envelope {
  return viewEnvelope(viewStrictJson(received, limits.maxDepth), received, { limits, dialect });
}

/** The envelope of a document inside another. @throws CodedError DecodeError */
export function readInnerEnvelope(view: JsonView, limits: Limits = DEFAULT_LIMITS): Envelope {
  return viewEnvelope(view, NO_BYTES, { limits, dialect: UPTANE_DIALECT });
}

type Reading = { readonly limits: Limits; readonly dialect: Dialect };

function viewEnvelope(view: JsonView, received: Uint8Array, { limits, dialect }: Reading): Envelope {
  readObjectView(view, 'document');
  const parts = findMembers(view, ['signatures', 'signed']);
  const signedView = readObjectView(parts.get('signed'), 'signed');
  const documentBytes = bytesOf(view);
  let signed: JsonObject | undefined;
  return {
    received,
    documentBytes: documentBytes.equals(received) ? received : documentBytes,
    signedBytes: dialect.signedBytes(bytesOf(signedView)),
    signatures: readSignatures(parts.get('signatures'), { limits, dialect }),
    dialect,
    signedView,
    get signed() {
      signed ??= readObject(decode(signedView), 'signed');
      return signed;
    },
  };
}

/** Counted before they are read: reading a million of them is work that nobody has signed for. */
function readSignatures(view: JsonView | undefined, { limits, dialect }: Reading): readonly Signature[] {
  if (view === undefined || view.bytes[view.at] !== BYTE.openArray) {
    readArray(view === undefined ? undefined : decodeShort(view, 'signatures'), 'signatures');
    return [];
  }
  if (hasMoreItems(view, limits.signaturesPerDocument))
    throw new CodedError('DecodeError', 'malformed', 'it has too many signatures');
  return Array.from(items(view), (at, index) =>
    dialect.readSignature({ ...view, at }, `signatures[${index}]`),
  );
}

/** Runs a reader and turns whatever is wrong with the document into one refusal that names the role and the repository. */
export function refusingMalformed<T>(origin: DocumentOrigin, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof MetadataError) throw ofRepository(cause, origin);
    throw malformed(origin, cause instanceof Error ? cause.message : 'it cannot be read', cause);
  }
}

/** Who reads a part of a document knows the role that it is about, not where the document is from. */
function ofRepository(error: MetadataError, { role, repository }: DocumentOrigin): MetadataError {
  if (repository === undefined || error.repository !== undefined) return error;
  const { code, message, attack, details, cause } = error;
  return new MetadataError(code, message, {
    role: error.role ?? roleTitle(role),
    repository,
    details,
    ...(attack === undefined ? {} : { attack }),
    ...(cause === undefined ? {} : { cause }),
  });
}

export function malformed(origin: DocumentOrigin, why: string, cause?: unknown): MetadataError {
  const role = roleTitle(origin.role);
  return new MetadataError(
    'SecurityException',
    `The ${describeOrigin(origin)} metadata is not acceptable: ${why}`,
    {
      role,
      ...(origin.repository === undefined ? {} : { repository: origin.repository }),
      ...(cause === undefined ? {} : { cause }),
    },
  );
}

/** For sentences: `Targets (image repository)`. */
export function describeOrigin(origin: DocumentOrigin): string {
  const title = roleTitle(origin.role);
  if (origin.repository === undefined || origin.repository === 'plain') return title;
  return `${origin.repository === 'director' ? 'Director' : 'Image repository'} ${title}`;
}
