// What a certificate may be used for, as far as node:crypto does not say it: levels below an authority, uses of its key,
// and whether it has critical extensions, or bounds on names, that we do not know. RFC 5280 section 4.2
import { BitString, fromBER } from 'asn1js';
import { BasicConstraints, Certificate, ExtKeyUsage, type Extension } from 'pkijs';

type KeyUse = 'digitalSignature' | 'keyEncipherment' | 'keyAgreement' | 'keyCertSign';

export type Usage = {
  readonly isAuthority: boolean;
  /** How many authorities may stand between it and a leaf. */
  readonly pathLength?: number;
  readonly keyUsage?: ReadonlySet<KeyUse>;
  /** Object identifiers. */
  readonly extendedUsage?: ReadonlySet<string>;
  readonly isUnderstood: boolean;
};

const BASIC_CONSTRAINTS = '2.5.29.19';
const KEY_USAGE = '2.5.29.15';
const EXTENDED_USAGE = '2.5.29.37';
const NAME_CONSTRAINTS = '2.5.29.30';
const KNOWN_CRITICAL: ReadonlySet<string> = new Set([
  BASIC_CONSTRAINTS,
  KEY_USAGE,
  EXTENDED_USAGE,
  '2.5.29.17', // subjectAltName, compared by node:tls
  '2.5.29.14', // subjectKeyIdentifier
  '2.5.29.35', // authorityKeyIdentifier
]);
const KEY_USES: readonly (readonly [KeyUse, number])[] = [
  ['digitalSignature', 0],
  ['keyEncipherment', 2],
  ['keyAgreement', 4],
  ['keyCertSign', 5],
];

/** What cannot be read is not understood. */
export function readUsage(der: Uint8Array): Usage {
  try {
    const { extensions = [] } = Certificate.fromBER(new Uint8Array(der).buffer);
    const find = (id: string) => extensions.find(({ extnID }) => extnID === id);
    const ids = extensions.map(({ extnID }) => extnID);
    const isUnderstood =
      new Set(ids).size === ids.length &&
      !ids.includes(NAME_CONSTRAINTS) &&
      extensions.every(({ critical, extnID }) => !critical || KNOWN_CRITICAL.has(extnID));
    const keyUsage = find(KEY_USAGE);
    const extended = find(EXTENDED_USAGE);
    return {
      ...readConstraints(find(BASIC_CONSTRAINTS)),
      ...(keyUsage === undefined ? {} : { keyUsage: readKeyUsage(keyUsage) }),
      ...(extended === undefined ? {} : { extendedUsage: readExtended(extended) }),
      isUnderstood,
    };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { isAuthority: false, isUnderstood: false };
  }
}

function readConstraints(extension: Extension | undefined): Pick<Usage, 'isAuthority' | 'pathLength'> {
  if (extension === undefined) return { isAuthority: false };
  const { cA, pathLenConstraint } = new BasicConstraints({ schema: contentOf(extension) });
  if (pathLenConstraint === undefined) return { isAuthority: cA };
  if (typeof pathLenConstraint !== 'number')
    throw new TypeError('The number of levels is beyond all reason.');
  return { isAuthority: cA, pathLength: pathLenConstraint };
}

function readKeyUsage(extension: Extension): ReadonlySet<KeyUse> {
  const content = contentOf(extension);
  if (!(content instanceof BitString)) throw new TypeError('keyUsage is no list of bits.');
  const [first = 0] = new Uint8Array(content.valueBlock.valueHexView);
  return new Set(KEY_USES.filter(([, bit]) => (first & (0x80 >> bit)) !== 0).map(([name]) => name));
}

function readExtended(extension: Extension): ReadonlySet<string> {
  return new Set(new ExtKeyUsage({ schema: contentOf(extension) }).keyPurposes);
}

function contentOf({ extnValue }: Extension) {
  const { offset, result } = fromBER(new Uint8Array(extnValue.valueBlock.valueHexView).buffer);
  if (offset === -1) throw new TypeError('An extension cannot be read.');
  return result;
}
