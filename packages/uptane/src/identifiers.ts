// Names that cross the wire, parsed once at the edge and branded, so that a string from outside cannot pass for one.
// They are data: never a property name of a plain object, never a file name without encoding.
// Source: Uptane Standard #metadata_structures (identifiers are opaque)
import { CodedError } from './errors.ts';

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

export type EcuSerial = Branded<'EcuSerial'>;
export type HardwareId = Branded<'HardwareId'>;
export type KeyId = Branded<'KeyId'>;
export type TargetName = Branded<'TargetName'>;
export type CorrelationId = Branded<'CorrelationId'>;

type Shape = { readonly what: string; readonly maxLength: number };

/** 1 to 64 characters, as the registry of the original demands. @throws CodedError IdentifierError */
export function parseEcuSerial(text: string): EcuSerial {
  return parse(text, { what: 'ECU serial', maxLength: 64 }) as EcuSerial;
}

/** 1 to 200 characters. @throws CodedError IdentifierError */
export function parseHardwareId(text: string): HardwareId {
  return parse(text, { what: 'hardware id', maxLength: 200 }) as HardwareId;
}

/** Opaque on purpose: repositories may form key ids as they like. @throws CodedError IdentifierError */
export function parseKeyId(text: string): KeyId {
  return parse(text, { what: 'key id', maxLength: 256 }) as KeyId;
}

/** Any printable text: a name is looked up, never used as a path. @throws CodedError IdentifierError */
export function parseTargetName(text: string): TargetName {
  return parse(text, { what: 'target name', maxLength: 1024 }) as TargetName;
}

/** Opaque to the device; copied into reports. @throws CodedError IdentifierError */
export function parseCorrelationId(text: string): CorrelationId {
  return parse(text, { what: 'correlation id', maxLength: 512 }) as CorrelationId;
}

function parse(text: string, shape: Shape): string {
  if (text.length === 0) throw refuse(shape, 'is empty', text);
  if (text.length > shape.maxLength)
    throw refuse(shape, `is longer than ${shape.maxLength} characters`, text);
  if (hasControlCharacter(text)) throw refuse(shape, 'contains a control character', text);
  if (!text.isWellFormed()) throw refuse(shape, 'contains half a surrogate pair', text);
  return text;
}

function hasControlCharacter(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    if (unit < 0x20 || unit === 0x7f) return true;
  }
  return false;
}

function refuse(shape: Shape, why: string, text: string): CodedError {
  return new CodedError('IdentifierError', 'invalid_identifier', `The ${shape.what} ${why}.`, {
    details: { what: shape.what, text: text.slice(0, 80) },
  });
}
