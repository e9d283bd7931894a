// `{ "signatures": […], "signed": {…} }`: kept as received, beside the canonical bytes that its signatures are over.
// What is stored and forwarded are the received bytes; everything decoded is a view. Unknown members are kept and ignored.
// Source: Uptane Standard #common_metadata_structures
import type { Dialect } from '../dialect/dialect.ts';
import { UPTANE_DIALECT } from '../dialect/uptane-dialect.ts';
import { CodedError, MetadataError, type RepositoryName } from '../errors.ts';
import { readArray, readObject, readString } from '../json/decode.ts';
import {
  bytesOf,
  countItems,
  decode,
  decodeIfAny,
  findMember,
  readObjectView,
  type JsonView,
} from '../json/json-view.ts';
import { viewJson, viewStrictJson } from '../json/strict-json.ts';
import { isJsonObject, member, type JsonObject, type JsonValue } from '../json/value.ts';
import { isKnownMethod } from '../keys/verify-signature.ts';
import { DEFAULT_LIMITS, type Limits } from '../limits.ts';
import { roleTitle, type StoredRole } from './role.ts';

export type Signature = {
  readonly keyid: string;
  readonly method: string;
  readonly sig: string;
  /** Of the signed bytes, as the signer states it: what was signed is told apart from what arrived. Nothing rests on it. */
  readonly hash?: { readonly function: string; readonly digest: string };
};

export type Envelope = {
  /** The views read from it whenever they are asked: whoever handed it in leaves it as it is. */
  readonly received: Uint8Array;
  /** Canonical form of the whole document, unknown members included; `received` itself where that is canonical. */
  readonly documentBytes: Uint8Array;
  /** Canonical form of `signed`. */
  readonly signedBytes: Uint8Array;
  readonly signatures: readonly Signature[];
  /** Made when it is asked for. Of a large document `signedView` gives the parts. */
  readonly signed: JsonObject;
  readonly signedView: JsonView;
};

const NO_BYTES = new Uint8Array();

/** Which document is being read, in which dialect: for errors, and for the type that it has to state. */
export type DocumentOrigin = {
  readonly role: StoredRole;
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
  return refusingMalformed(origin, () => {
    const envelope = readEnvelope(received, limits);
    const type = readString(decodeIfAny(findMember(envelope.signedView, '_type')), '_type');
    if (type !== (origin.dialect ?? UPTANE_DIALECT).typeOf(origin.role))
      throw malformed(origin, `it says that it is "${type.slice(0, 20)}"`);
    const strange = envelope.signatures.find((signature) => !isKnownMethod(signature.method));
    if (strange !== undefined)
      throw malformed(origin, `the signature method "${strange.method.slice(0, 30)}" is unknown`);
    return envelope;
  });
}

/** The envelope of any type of document. @throws CodedError JsonError, DecodeError */
export function readEnvelope(received: Uint8Array, limits: Limits = DEFAULT_LIMITS): Envelope {
  return viewEnvelope(viewStrictJson(received, limits.maxDepth), received, limits);
}

/** The envelope of a document inside another. @throws CodedError DecodeError */
export function readInnerEnvelope(value: JsonValue, limits: Limits = DEFAULT_LIMITS): Envelope {
  return viewEnvelope(viewJson(value, limits.maxDepth), NO_BYTES, limits);
}

function viewEnvelope(view: JsonView, received: Uint8Array, limits: Limits): Envelope {
  readObjectView(view, 'document');
  const signedView = readObjectView(findMember(view, 'signed'), 'signed');
  let signed: JsonObject | undefined;
  return {
    received,
    documentBytes: view.bytes.equals(received) ? received : view.bytes,
    signedBytes: bytesOf(signedView),
    signatures: readSignatures(findMember(view, 'signatures'), limits),
    signedView,
    get signed() {
      signed ??= readObject(decode(signedView), 'signed');
      return signed;
    },
  };
}

/** Counted before they are read: reading a million of them is work that nobody has signed for. */
function readSignatures(view: JsonView | undefined, limits: Limits): readonly Signature[] {
  if (view !== undefined && countItems(view) > limits.signaturesPerDocument)
    throw new CodedError('DecodeError', 'malformed', 'it has too many signatures');
  return readArray(decodeIfAny(view), 'signatures').map(readSignature);
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
  const title = roleTitle(origin.role);
  if (origin.repository === undefined || origin.repository === 'plain') return title;
  return `${origin.repository === 'director' ? 'Director' : 'Image repository'} ${title}`;
}

function readSignature(value: JsonValue, index: number): Signature {
  const entry = readObject(value, `signatures[${index}]`);
  const text = (name: string): string => readString(member(entry, name), `signatures[${index}].${name}`);
  const hash = readSignatureHash(member(entry, 'hash'));
  return {
    keyid: text('keyid'),
    method: text('method'),
    sig: text('sig'),
    ...(hash === undefined ? {} : { hash }),
  };
}

/** What is none is no reason to refuse a document: nothing rests on it. */
function readSignatureHash(value: JsonValue | undefined): Signature['hash'] {
  if (!isJsonObject(value)) return undefined;
  const algorithm = member(value, 'function');
  const digest = member(value, 'digest');
  if (typeof algorithm !== 'string' || typeof digest !== 'string') return undefined;
  return { function: algorithm, digest };
}
