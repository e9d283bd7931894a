// The PKCS#11 library of a token, loaded into this process once and never finalised: OpenSSL's engine uses the same one.
// Its errors become ours here; none of them carries the PIN. PKCS#11 2.40; client-features KEY-02
import type * as Pkcs11 from 'pkcs11js';

import { TokenError } from '../../errors.ts';
import type { TokenCode } from '../../errors.ts';

/** The module's functions, and the constants beside them. */
export type Library = { readonly api: typeof Pkcs11; readonly module: Pkcs11.PKCS11; readonly file: string };

const ALREADY_INITIALIZED = 0x191;

const CODES: ReadonlyMap<number, readonly [TokenCode, string]> = new Map([
  [0xa0, ['wrong_pin', 'does not take the PIN (p11.pass)']],
  [0xa1, ['wrong_pin', 'does not take the PIN (p11.pass): it has characters that it does not know']],
  [0xa2, ['wrong_pin', 'does not take the PIN (p11.pass): its length is wrong']],
  [0xa3, ['pin_locked', 'says that its PIN has expired']],
  [0xa4, ['pin_locked', 'is locked after too many wrong PINs: unlock it with the tool of its maker']],
  [0xe0, ['no_token', 'is not there']],
  [0x32, ['no_token', 'was removed']],
]);

/** @throws TokenError `no_driver`, `no_module`, `failed` */
export async function loadLibrary(file: string): Promise<Library> {
  const api = await loadDriver();
  const module = new api.PKCS11();
  try {
    module.load(file);
  } catch (cause) {
    const message = `The PKCS#11 module ${file} (p11.module) cannot be loaded.`;
    throw new TokenError('no_module', message, { cause, details: { module: file } });
  }
  try {
    module.C_Initialize({ flags: api.CKF_OS_LOCKING_OK });
  } catch (cause) {
    if (codeOf(cause) !== ALREADY_INITIALIZED) throw tokenError(cause, file);
  }
  return { api, module, file };
}

async function loadDriver(): Promise<typeof Pkcs11> {
  try {
    const { default: api } = await import('pkcs11js');
    return api;
  } catch (cause) {
    const message =
      'Keys in a token need pkcs11js, which is not built here: run `npm rebuild pkcs11js`, or install the package of aktualizr that carries it.';
    throw new TokenError('no_driver', message, { cause });
  }
}

/** What the library says, as an error of ours; what is none of its errors stays what it is. */
export function tokenError(cause: unknown, file: string): unknown {
  const code = codeOf(cause);
  if (code === undefined) return cause;
  const [known, what] = CODES.get(code) ?? ['failed', `answers ${nameOf(cause)}`];
  return new TokenError(known, `The token of ${file} ${what}.`, { cause, details: { module: file } });
}

export function codeOf(cause: unknown): number | undefined {
  if (!(cause instanceof Error) || !('code' in cause)) return undefined;
  return typeof cause.code === 'number' && cause.code > 0 ? cause.code : undefined;
}

function nameOf(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : '';
  return /CKR_\w+/.exec(text)?.[0] ?? 'an error';
}

const PIN_FINAL_TRY = 0x20000;
const PIN_LOCKED = 0x40000;

/**
 * A daemon is started again and again: it must not use up the tries that a person needs. `flags`: of the token.
 * @throws TokenError `pin_locked`
 */
export function spareLastTry(flags: number, file: string): void {
  const what =
    (flags & PIN_LOCKED) !== 0
      ? 'is locked after too many wrong PINs'
      : (flags & PIN_FINAL_TRY) !== 0
        ? 'would be locked by one more wrong PIN, so the last try is left to a person'
        : undefined;
  if (what === undefined) return;
  const message = `The token of ${file} ${what}: correct p11.pass and unlock it with the tool of its maker.`;
  throw new TokenError('pin_locked', message, { details: { module: file } });
}
