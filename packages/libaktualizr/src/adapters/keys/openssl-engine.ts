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

/** @throws TokenError `no_engine` */
export function findEngine(): string {
  const triplet = TRIPLETS[process.arch] ?? '';
  const places = [
    ...(process.env['OPENSSL_ENGINES'] ? [process.env['OPENSSL_ENGINES']] : []),
    ...['engines-3', 'engines-1.1'].flatMap((engines) => [
      join('/usr/lib', triplet, engines),
      join('/usr/lib', engines),
      join('/usr/lib64', engines),
    ]),
  ];
  const found = places.map((place) => join(place, 'pkcs11.so')).find((file) => existsSync(file));
  if (found !== undefined) return found;
  const message = `TLS with a key in a token needs OpenSSL's pkcs11 engine, and there is no pkcs11.so in ${places.join(', ')}: install libengine-pkcs11-openssl.`;
  throw new TokenError('no_engine', message);
}
