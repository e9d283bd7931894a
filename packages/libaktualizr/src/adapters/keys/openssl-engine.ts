// Where Debian, Yocto and others keep OpenSSL's pkcs11 engine, which TLS reaches a key in a token through. Node.js 26
// still has engines; a later one that has none says so in its own error. stack.md section 6
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { TokenError } from '../../errors.ts';

const TRIPLETS: Partial<Record<string, string>> = {
  x64: 'x86_64-linux-gnu',
  arm64: 'aarch64-linux-gnu',
  arm: 'arm-linux-gnueabihf',
};

/** Its name; given by its file, it would print that it is called otherwise. */
const ENGINE = 'pkcs11';

/**
 * What TLS has to name so that it finds keys in the token of `module`. OpenSSL and the engine are told where things are
 * by the environment alone, and read it when TLS first needs the key. @throws TokenError `no_engine`
 */
export function prepareEngine(module: string): string {
  process.env['OPENSSL_ENGINES'] = findEngines(process.env['OPENSSL_ENGINES'], existsSync);
  process.env['PKCS11_MODULE_PATH'] = module;
  return ENGINE;
}

/** The folder. `configured`: of the environment, asked first. @throws TokenError `no_engine` */
export function findEngines(configured: string | undefined, exists: (file: string) => boolean): string {
  const triplet = TRIPLETS[process.arch] ?? '';
  const places = [
    ...(configured ? [configured] : []),
    ...['engines-3', 'engines-1.1'].flatMap((engines) => [
      join('/usr/lib', triplet, engines),
      join('/usr/lib', engines),
      join('/usr/lib64', engines),
    ]),
  ];
  const found = places.find((place) => exists(join(place, `${ENGINE}.so`)));
  if (found !== undefined) return found;
  const message = `TLS with a key in a token needs OpenSSL's pkcs11 engine, and there is no ${ENGINE}.so in ${places.join(', ')}: install libengine-pkcs11-openssl.`;
  throw new TokenError('no_engine', message);
}
