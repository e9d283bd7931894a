// Device id, ECUs and the Primary's Uptane key, in the original's tables. client-protocol 10.1, 3.2.
import { parsePublicKey } from '@ota-connect/uptane';
import type { EcuSerial, HardwareId, PublicKey } from '@ota-connect/uptane';

import type { EcuIdentity, IdentityStore } from '../../ports.ts';
import { numberOf, textOf } from './database.ts';
import type { Connection } from './database.ts';

const REMOVED = 0;

export function identityStore(db: Connection): IdentityStore {
  const ecus = (): readonly EcuIdentity[] =>
    db.all('SELECT serial, hardware_id, is_primary FROM ecus ORDER BY is_primary DESC, id').map((row) => ({
      // As registered: the original also takes what our parsers refuse, such as an empty hardware id.
      serial: (textOf(row, 'serial') ?? '') as EcuSerial,
      hardwareId: (textOf(row, 'hardware_id') ?? '') as HardwareId,
      isPrimary: numberOf(row, 'is_primary') === 1,
    }));
  return {
    deviceId: () => textOf(db.get('SELECT device_id FROM device_info'), 'device_id') || undefined,
    saveDeviceId: (id) => {
      if (id === undefined) db.run('DELETE FROM device_info');
      else
        db.run(
          'INSERT OR REPLACE INTO device_info(unique_mark, device_id, is_registered) VALUES(0, ?, 0)',
          id,
        );
    },
    isRegistered: () => numberOf(db.get('SELECT is_registered FROM device_info'), 'is_registered') === 1,
    ecus,
    saveRegistration: (registered) =>
      db.transaction(() => {
        recordRemoved(db, ecus(), registered);
        replaceEcus(db, registered);
        db.run('UPDATE device_info SET is_registered = 1');
        const primary = registered.find((ecu) => ecu.isPrimary);
        if (primary !== undefined)
          db.run('INSERT OR IGNORE INTO ecu_report_counter VALUES(?, 0)', primary.serial);
      }),
    primaryKey: () => {
      const row = db.get('SELECT private, public FROM primary_keys');
      const [privateKey, publicText] = [textOf(row, 'private'), textOf(row, 'public')];
      if (!privateKey || !publicText) return undefined;
      return { publicKey: publicKeyOf(publicText), privateKey };
    },
    savePrimaryKey: (publicKey, privateKey) =>
      db.run('INSERT OR REPLACE INTO primary_keys VALUES(0, ?, ?)', privateKey, publicKey.keyval.public),
  };
}

function replaceEcus(db: Connection, ecus: readonly EcuIdentity[]): void {
  db.run('DELETE FROM ecus');
  // Row 0 is the Primary; the order of the others is the order of registration.
  const ordered = [...ecus].sort((a, b) => Number(b.isPrimary) - Number(a.isPrimary));
  for (const [id, ecu] of ordered.entries()) {
    db.run('INSERT INTO ecus VALUES(?, ?, ?, ?)', id, ecu.serial, ecu.hardwareId, ecu.isPrimary ? 1 : 0);
  }
}

function recordRemoved(db: Connection, before: readonly EcuIdentity[], now: readonly EcuIdentity[]): void {
  const kept = new Set<string>(now.map((ecu) => ecu.serial));
  for (const ecu of before) {
    if (kept.has(ecu.serial)) continue;
    db.run('INSERT OR REPLACE INTO misconfigured_ecus VALUES(?, ?, ?)', ecu.serial, ecu.hardwareId, REMOVED);
  }
}

/** The table has no column for the type: a PEM text is RSA, anything else is Ed25519 in hexadecimal. */
function publicKeyOf(text: string): PublicKey {
  const keytype = text.includes('BEGIN') ? 'RSA' : 'ED25519';
  return parsePublicKey({ keytype, keyval: { public: text } });
}
