// `{ "signatures": […], "signed": {…} }`: kept as received, beside the canonical bytes that its signatures are over.
// What is stored and forwarded are the received bytes; everything decoded is a view. Unknown members are kept and ignored.
// Source: Uptane Standard #common_metadata_structures
import { MetadataError, type RepositoryName } from '../errors.ts';
import { canonicalBytes, canonicalText } from '../json/canonical-json.ts';
import { readArray, readObject, readString } from '../json/decode.ts';
import { readStrictJson } from '../json/strict-json.ts';
import { member, type JsonObject, type JsonValue } from '../json/value.ts';
import { isKnownMethod } from '../keys/verify-signature.ts';
import { DEFAULT_LIMITS, type Limits } from '../limits.ts';
import { roleTitle, roleType, type StoredRole } from './filename.ts';

export type Signature = { readonly keyid: string; readonly method: string; readonly sig: string };

export type Envelope = {
  readonly received: Uint8Array;
  /** Canonical form of `signed`. */
  readonly signedBytes: Uint8Array;
  readonly signatures: readonly Signature[];
  readonly signed: JsonObject;
  /** The whole document, signatures and unknown members included. */
  readonly document: JsonObject;
};

const NO_BYTES = new Uint8Array();

/** Which document is being read: for errors, and for the type that it has to state. */
export type DocumentOrigin = { readonly role: StoredRole; readonly repository?: RepositoryName };

/** @throws MetadataError SecurityException when it is not an envelope of that role */
export function parseEnvelope(
  received: Uint8Array,
  origin: DocumentOrigin,
  limits: Limits = DEFAULT_LIMITS,
): Envelope {
  return refusingMalformed(origin, () => {
    const envelope = readEnvelope(received, limits);
    const type = readString(member(envelope.signed, '_type'), '_type');
    if (type !== roleType(origin.role)) throw malformed(origin, `it says that it is "${type.slice(0, 20)}"`);
    if (envelope.signatures.length > limits.signaturesPerDocument)
      throw malformed(origin, 'it has too many signatures');
    const strange = envelope.signatures.find((signature) => !isKnownMethod(signature.method));
    if (strange !== undefined)
      throw malformed(origin, `the signature method "${strange.method.slice(0, 30)}" is unknown`);
    return envelope;
  });
}

/** The envelope of any type of document. @throws CodedError JsonError, DecodeError */
export function readEnvelope(received: Uint8Array, limits: Limits = DEFAULT_LIMITS): Envelope {
  const { value, isCanonical } = readStrictJson(received, limits.maxDepth);
  const envelope = viewEnvelope(value, received);
  return isCanonical ? { ...envelope, signedBytes: cutSigned(envelope) } : withSignedBytes(envelope);
}

/** The envelope of a document inside another. @throws CodedError DecodeError */
export function readInnerEnvelope(value: JsonValue): Envelope {
  return withSignedBytes(viewEnvelope(value, NO_BYTES));
}

type UnsignedView = Omit<Envelope, 'signedBytes'>;

function viewEnvelope(value: JsonValue, received: Uint8Array): UnsignedView {
  const document = readObject(value, 'document');
  const signed = readObject(member(document, 'signed'), 'signed');
  const signatures = readArray(member(document, 'signatures'), 'signatures').map(readSignature);
  return { received, signatures, signed, document };
}

function withSignedBytes(envelope: UnsignedView): Envelope {
  return { ...envelope, signedBytes: canonicalBytes(envelope.signed) };
}

/** In a canonical document the canonical form of `signed` stands as it is, last in line. */
function cutSigned({ received, document, signed }: UnsignedView): Uint8Array {
  if (Object.keys(document).length !== 2) return canonicalBytes(signed);
  const signatures = canonicalText(member(document, 'signatures') ?? null);
  return received.subarray(`{"signatures":${signatures},"signed":`.length, received.byteLength - 1);
}

/** Runs a reader and turns whatever is wrong with the document into one refusal that names the role. */
export function refusingMalformed<T>(origin: DocumentOrigin, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof MetadataError) throw cause;
    throw malformed(origin, cause instanceof Error ? cause.message : 'it cannot be read', cause);
  }
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
  const where = origin.repository === 'director' ? 'Director' : 'Image repository';
  return origin.repository === undefined ? roleTitle(origin.role) : `${where} ${roleTitle(origin.role)}`;
}

function readSignature(value: JsonValue, index: number): Signature {
  const entry = readObject(value, `signatures[${index}]`);
  const text = (name: string): string => readString(member(entry, name), `signatures[${index}].${name}`);
  return { keyid: text('keyid'), method: text('method'), sig: text('sig') };
}
