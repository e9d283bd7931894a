// A PKCS#11 token that this process is logged in to: the first one that has been initialised, as the original takes it.
// Objects are found by their kind and id. The session stays open as long as the process runs, since the login does, and
// OpenSSL's engine lives on it: so the PIN is needed here alone. client-features CFG-02 to -07, KEY-02
import type * as Pkcs11 from 'pkcs11js';

import { TokenError } from '../../errors.ts';
import { codeOf, loadLibrary, spareLastTry, tokenError, type Library } from './pkcs11-library.ts';

export type TokenOptions = { readonly module: string; readonly pin: string };

type ObjectKind = 'private key' | 'public key' | 'certificate';

/** The token was taken out and put in again, or the module was restarted: worth one new session. */
const LOST: ReadonlySet<number> = new Set([0x30, 0x32, 0xb3, 0xe0, 0x101]);
const ALREADY_LOGGED_IN = 0x100;

export class Pkcs11Token {
  readonly library: Library;
  readonly #pin: string;
  #session: Pkcs11.Handle;
  #serial: string;

  /** @throws TokenError */
  static async open({ module, pin }: TokenOptions): Promise<Pkcs11Token> {
    return new Pkcs11Token(await loadLibrary(module), pin);
  }

  private constructor(library: Library, pin: string) {
    this.library = library;
    this.#pin = pin;
    ({ session: this.#session, serial: this.#serial } = this.#logIn());
  }

  /** Of the token, for a `pkcs11:` URI. */
  get serial(): string {
    return this.#serial;
  }

  /** @throws TokenError `no_object`, which names the configuration's key */
  find(kind: ObjectKind, idHex: string, key: string): Pkcs11.Handle {
    const found = this.search(kind, idHex);
    if (found !== undefined) return found;
    const message = `The token of ${this.library.file} holds no ${kind} with the id ${idHex} (${key}).`;
    throw new TokenError('no_object', message, { details: { module: this.library.file, key } });
  }

  search(kind: ObjectKind, idHex: string): Pkcs11.Handle | undefined {
    return this.use(({ api, module }, session) => {
      const classes = {
        'private key': api.CKO_PRIVATE_KEY,
        'public key': api.CKO_PUBLIC_KEY,
        certificate: api.CKO_CERTIFICATE,
      };
      module.C_FindObjectsInit(session, [
        { type: api.CKA_CLASS, value: classes[kind] },
        { type: api.CKA_ID, value: Buffer.from(idHex, 'hex') },
      ]);
      try {
        return module.C_FindObjects(session) ?? undefined;
      } finally {
        module.C_FindObjectsFinal(session);
      }
    });
  }

  /** undefined for what the object has not, or does not show. */
  attribute(object: Pkcs11.Handle, type: number): Buffer | undefined {
    return this.use(({ module }, session) => {
      try {
        const [found] = module.C_GetAttributeValue(session, object, [{ type }]);
        return Buffer.isBuffer(found?.value) ? found.value : undefined;
      } catch (cause) {
        if (codeOf(cause) === 0x11 || codeOf(cause) === 0x12) return undefined;
        throw cause;
      }
    });
  }

  /** Runs `work` in the session; once more in a new one when it was lost. @throws TokenError */
  use<T>(work: (library: Library, session: Pkcs11.Handle) => T): T {
    try {
      return work(this.library, this.#session);
    } catch (cause) {
      if (!LOST.has(codeOf(cause) ?? 0)) throw tokenError(cause, this.library.file);
    }
    ({ session: this.#session, serial: this.#serial } = this.#logIn());
    try {
      return work(this.library, this.#session);
    } catch (cause) {
      throw tokenError(cause, this.library.file);
    }
  }

  #logIn(): { session: Pkcs11.Handle; serial: string } {
    const { api, module, file } = this.library;
    try {
      const { slot, info } = this.#findSlot();
      const session = module.C_OpenSession(slot, api.CKF_SERIAL_SESSION | api.CKF_RW_SESSION);
      spareLastTry(info.flags, file);
      try {
        module.C_Login(session, api.CKU_USER, this.#pin);
      } catch (cause) {
        if (codeOf(cause) !== ALREADY_LOGGED_IN) throw cause;
      }
      return { session, serial: info.serialNumber.trim() };
    } catch (cause) {
      throw tokenError(cause, file);
    }
  }

  #findSlot(): { slot: Pkcs11.Handle; info: Pkcs11.TokenInfo } {
    const { api, module, file } = this.library;
    for (const slot of module.C_GetSlotList(true)) {
      const info = module.C_GetTokenInfo(slot);
      if ((info.flags & api.CKF_TOKEN_INITIALIZED) !== 0) return { slot, info };
    }
    const message = `The PKCS#11 module ${file} has no token that was initialised.`;
    throw new TokenError('no_token', message, { details: { module: file } });
  }
}
