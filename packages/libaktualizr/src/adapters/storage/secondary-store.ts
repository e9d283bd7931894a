// What is known of the Secondaries, in the original's table: type, key, the driver's data and the last good report.
// client-protocol 10.1.
import { parsePublicKey, type EcuSerial, type PublicKey } from '@ota-connect/uptane';
import { createPublicKey } from 'node:crypto';

import type { SecondaryIdentity, SecondaryStore } from '../../secondary-port.ts';
import { textOf } from './database.ts';
import type { Connection } from './database.ts';

export function secondaryStore(db: Connection): SecondaryStore {
  return {
    all: () =>
      db.all('SELECT serial, sec_type, public_key, extra FROM secondary_ecus ORDER BY rowid').map((row) => ({
        serial: (textOf(row, 'serial') ?? '') as EcuSerial,
        type: textOf(row, 'sec_type') ?? '',
        publicKey: publicKeyOf(textOf(row, 'public_key')),
        data: textOf(row, 'extra') || undefined,
      })),
    saveRegistered: (identities) => db.transaction(() => saveRegistered(db, identities)),
    saveData: (serial, data) =>
      db.run(
        'INSERT INTO secondary_ecus(serial, extra) VALUES(?, ?) ON CONFLICT(serial) DO UPDATE SET extra = excluded.extra',
        serial,
        data,
      ),
    manifest: (serial) => {
      const text = textOf(db.get('SELECT manifest FROM secondary_ecus WHERE serial = ?', serial), 'manifest');
      return text ? Buffer.from(text) : undefined;
    },
    saveManifest: (serial, manifest) =>
      db.run(
        'UPDATE secondary_ecus SET manifest = ? WHERE serial = ?',
        Buffer.from(manifest).toString('utf8'),
        serial,
      ),
  };
}

function saveRegistered(db: Connection, identities: readonly SecondaryIdentity[]): void {
  const kept = new Set<string>(identities.map(({ serial }) => serial));
  for (const row of db.all('SELECT serial FROM secondary_ecus')) {
    const serial = textOf(row, 'serial') ?? '';
    if (!kept.has(serial)) db.run('DELETE FROM secondary_ecus WHERE serial = ?', serial);
  }
  for (const { serial, type, publicKey } of identities) {
    db.run(
      `INSERT INTO secondary_ecus(serial, sec_type, public_key_type, public_key) VALUES(?, ?, ?, ?)
       ON CONFLICT(serial) DO UPDATE SET sec_type = excluded.sec_type,
         public_key_type = excluded.public_key_type, public_key = excluded.public_key`,
      serial,
      type,
      keyTypeOf(publicKey),
      publicKey.keyval.public,
    );
  }
}

/** The original writes the size into the type. */
function keyTypeOf({ keytype, keyval }: PublicKey): string {
  if (keytype === 'ED25519') return keytype;
  return `RSA${createPublicKey(keyval.public).asymmetricKeyDetails?.modulusLength ?? 2048}`;
}

function publicKeyOf(text: string | undefined): PublicKey | undefined {
  if (!text) return undefined;
  return parsePublicKey({
    keytype: text.includes('BEGIN') ? 'RSA' : 'ED25519',
    keyval: { public: text },
  });
}
