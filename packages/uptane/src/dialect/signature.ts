// Entries of `signatures`, as either dialect writes them. Source: Uptane Standard #common_metadata_structures
// (signatures); TUF specification 4.2.1
import { readObject, readString } from '../json/decode.ts';
import { isJsonObject, member, type JsonValue } from '../json/value.ts';

/** As it stands there. In TUF it names no method, and `sig` is hexadecimal. */
export type Signature = {
  readonly keyid: string;
  readonly method: string;
  readonly sig: string;
  /** Of the signed bytes, as the signer states it: what was signed is told apart from what arrived. Nothing rests on it. */
  readonly hash?: { readonly function: string; readonly digest: string };
};

export function readUptaneSignature(value: JsonValue, path: string): Signature {
  const entry = readObject(value, path);
  const text = (name: string): string => readString(member(entry, name), `${path}.${name}`);
  const hash = readSignatureHash(member(entry, 'hash'));
  return {
    keyid: text('keyid'),
    method: text('method'),
    sig: text('sig'),
    ...(hash === undefined ? {} : { hash }),
  };
}

/** `sig` may be junk, as that of a signer who has yet to sign is empty: it does not count then. */
export function readTufSignature(value: JsonValue, path: string): Signature {
  const entry = readObject(value, path);
  const text = (name: string): string => readString(member(entry, name), `${path}.${name}`);
  return { keyid: text('keyid'), method: '', sig: text('sig') };
}

/** What is none is no reason to refuse a document: nothing rests on it. */
function readSignatureHash(value: JsonValue | undefined): Signature['hash'] {
  if (!isJsonObject(value)) return undefined;
  const algorithm = member(value, 'function');
  const digest = member(value, 'digest');
  if (typeof algorithm !== 'string' || typeof digest !== 'string') return undefined;
  return { function: algorithm, digest };
}
