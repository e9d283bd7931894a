// The signature of a vehicle over its manifest, and of an ECU over its report. Beside key id, method and signature it
// states what was signed: the hash of the canonical signed bytes. Repositories sign without it, as originals read them.
// Source: Uptane Standard #version_report, #vehicle_version_manifest (signature fields)
import { sha256Hex } from '../hashes.ts';
import { canonicalBytes } from '../json/canonical-json.ts';
import { jsonObject, type JsonObject } from '../json/value.ts';
import type { Signer } from '../keys/signer.ts';

/** Canonical bytes of `{"signatures":[…],"signed":…}`. */
export async function signReport(signed: JsonObject, signer: Signer): Promise<Uint8Array> {
  const message = canonicalBytes(signed);
  const signature = jsonObject([
    [
      'hash',
      jsonObject([
        ['digest', sha256Hex(message)],
        ['function', 'sha256'],
      ]),
    ],
    ['keyid', signer.keyId],
    ['method', signer.method],
    ['sig', (await signer.sign(message)).toBase64()],
  ]);
  return canonicalBytes(
    jsonObject([
      ['signatures', [signature]],
      ['signed', signed],
    ]),
  );
}
