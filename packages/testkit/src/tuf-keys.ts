// Keys of a plain TUF repository by name, of every kind that TUF knows, made once per process. They sign with the crypto
// library alone, so that the core is checked against something that is not the core.
import { constants, createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import type { JsonObject } from '@ota-connect/uptane';
import { olpcText } from './olpc.ts';

export type TufKeyKind =
  | 'ed25519'
  | 'ecdsa-p256'
  | 'ecdsa-p384'
  | 'rsa-pss-sha256'
  | 'rsa-pss-sha384'
  | 'rsa-pss-sha512'
  | 'rsa-pkcs1v15';

export type TufKey = {
  readonly keyId: string;
  /** As Root and delegations list it. */
  readonly listed: JsonObject;
  /** Hexadecimal digits. */
  sign(message: Uint8Array): string;
};

type Pair = { readonly publicKey: KeyObject; readonly privateKey: KeyObject };
type Way = {
  readonly keytype: string;
  readonly scheme: string;
  readonly hash: string | null;
  readonly padding?: number;
  make(): Pair;
};

const newRsa = (): Pair => generateKeyPairSync('rsa', { modulusLength: 2048 });
const pss = { keytype: 'rsa', padding: constants.RSA_PKCS1_PSS_PADDING, make: newRsa };
const WAYS: Readonly<Record<TufKeyKind, Way>> = {
  ed25519: {
    keytype: 'ed25519',
    scheme: 'ed25519',
    hash: null,
    make: () => generateKeyPairSync('ed25519'),
  },
  'ecdsa-p256': {
    keytype: 'ecdsa',
    scheme: 'ecdsa-sha2-nistp256',
    hash: 'sha256',
    make: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  },
  'ecdsa-p384': {
    keytype: 'ecdsa',
    scheme: 'ecdsa-sha2-nistp384',
    hash: 'sha384',
    make: () => generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  },
  'rsa-pss-sha256': { ...pss, scheme: 'rsassa-pss-sha256', hash: 'sha256' },
  'rsa-pss-sha384': { ...pss, scheme: 'rsassa-pss-sha384', hash: 'sha384' },
  'rsa-pss-sha512': { ...pss, scheme: 'rsassa-pss-sha512', hash: 'sha512' },
  'rsa-pkcs1v15': { keytype: 'rsa', scheme: 'rsa-pkcs1v15-sha256', hash: 'sha256', make: newRsa },
};
export const TUF_KEY_KINDS = Object.keys(WAYS) as readonly TufKeyKind[];

const keys = new Map<string, TufKey>();

/** The same name is the same key in every test of a run. */
export function tufKey(name: string, kind: TufKeyKind = 'ed25519'): TufKey {
  const id = `${kind} ${name}`;
  const known = keys.get(id) ?? makeKey(WAYS[kind]);
  keys.set(id, known);
  return known;
}

/** The same key under another id, or listed in another way. */
export function relisted(key: TufKey, change: { keyId?: string; listed?: JsonObject }): TufKey {
  return { ...key, ...change };
}

function makeKey(way: Way): TufKey {
  const { publicKey, privateKey } = way.make();
  const text =
    way.keytype === 'ed25519'
      ? Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url').toString('hex')
      : publicKey.export({ format: 'pem', type: 'spki' }).toString();
  const listed = { keytype: way.keytype, scheme: way.scheme, keyval: { public: text } };
  const padding = way.padding === undefined ? {} : { padding: way.padding };
  return {
    keyId: createHash('sha256').update(olpcText(listed)).digest('hex'),
    listed,
    sign: (message) => sign(way.hash, message, { key: privateKey, ...padding }).toString('hex'),
  };
}
