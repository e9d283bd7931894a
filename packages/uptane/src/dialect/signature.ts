// Entries of `signatures`, as either dialect writes them. Source: Uptane Standard #common_metadata_structures
// (signatures); TUF specification 4.2.1
import { readObject, readString } from '../json/decode.ts';
import { decodeMembers, findMember, type JsonView } from '../json/json-view.ts';
import { isJsonObject, member } from '../json/value.ts';

/** As it stands there. In TUF it names no method, and `sig` is hexadecimal. */
export type Signature = {
  readonly keyid: string;
  readonly method: string;
  readonly sig: string;
  /** Of the signed bytes, as the signer states it: what was signed is told apart from what arrived. Nothing rests on it. */
  readonly hash?: { readonly function: string; readonly digest: string };
};

export function readUptaneSignature(view: JsonView, path: string): Signature {
  const text = textsOf(view, ['keyid', 'method', 'sig'], path);
  const hash = readSignatureHash(view, path);
  return {
    keyid: text('keyid'),
    method: text('method'),
    sig: text('sig'),
    ...(hash === undefined ? {} : { hash }),
  };
}

/** `sig` may be junk, as that of a signer who has yet to sign is empty: it does not count then. */
export function readTufSignature(view: JsonView, path: string): Signature {
  const text = textsOf(view, ['keyid', 'sig'], path);
  return { keyid: text('keyid'), method: '', sig: text('sig') };
}

/** Whatever else stands there is passed over unread. */
function textsOf(view: JsonView, names: readonly string[], path: string): (name: string) => string {
  const entry = readObject(decodeMembers(view, names, path), path);
  return (name) => readString(member(entry, name), `${path}.${name}`);
}

/** What is none is no reason to refuse a document: nothing rests on it. */
function readSignatureHash(view: JsonView, path: string): Signature['hash'] {
  const found = findMember(view, 'hash');
  const hash = found === undefined ? undefined : decodeMembers(found, ['digest', 'function'], `${path}.hash`);
  if (!isJsonObject(hash)) return undefined;
  const algorithm = member(hash, 'function');
  const digest = member(hash, 'digest');
  if (typeof algorithm !== 'string' || typeof digest !== 'string') return undefined;
  return { function: algorithm, digest };
}
