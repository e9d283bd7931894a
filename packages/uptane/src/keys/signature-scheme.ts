// The ways to sign that we know, and what each of them takes. Source: TUF specification 4.2; Uptane Standard
// #crypto_and_identifiers
export type SignatureScheme =
  | 'rsassa-pss-sha256'
  | 'rsassa-pss-sha384'
  | 'rsassa-pss-sha512'
  | 'rsa-pkcs1v15-sha256'
  | 'ed25519'
  | 'ecdsa-sha2-nistp256'
  | 'ecdsa-sha2-nistp384';

export type SchemeRule = {
  readonly keytype: 'RSA' | 'ED25519' | 'ECDSA';
  /** Ed25519 has its own. */
  readonly hash: 'sha256' | 'sha384' | 'sha512' | null;
  readonly isPss: boolean;
  /** The only curve that fits, as the crypto library names it. */
  readonly curve?: string;
};

export const SCHEMES: Readonly<Record<SignatureScheme, SchemeRule>> = {
  'rsassa-pss-sha256': { keytype: 'RSA', hash: 'sha256', isPss: true },
  'rsassa-pss-sha384': { keytype: 'RSA', hash: 'sha384', isPss: true },
  'rsassa-pss-sha512': { keytype: 'RSA', hash: 'sha512', isPss: true },
  'rsa-pkcs1v15-sha256': { keytype: 'RSA', hash: 'sha256', isPss: false },
  ed25519: { keytype: 'ED25519', hash: null, isPss: false },
  'ecdsa-sha2-nistp256': { keytype: 'ECDSA', hash: 'sha256', isPss: false, curve: 'prime256v1' },
  'ecdsa-sha2-nistp384': { keytype: 'ECDSA', hash: 'sha384', isPss: false, curve: 'secp384r1' },
};

export function isSignatureScheme(text: string): text is SignatureScheme {
  return Object.hasOwn(SCHEMES, text);
}
