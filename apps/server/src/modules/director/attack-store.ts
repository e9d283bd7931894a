// What the ECUs of a device say that they saw: one row for an ECU and a text, however often it is said, since a device
// repeats it until it knows that we have it. What a device can fill is bounded: the newest stay, long texts lose their end.
// Source: Uptane Standard #version_report
import { sql } from 'kysely';
import type { DeviceAttack } from '@ota-connect/contract/user';
import { isoSeconds } from '../../platform/clock.ts';
import type { Queryable, Transaction } from '../../platform/db/database.ts';
import type { DeviceKey } from './store.ts';

export type AttackTables = {
  director_attacks: {
    environment: string;
    device_uuid: string;
    ecu_serial: string;
    text: string;
    first_at: number;
    last_at: number;
  };
};

export type Attack = { readonly ecuSerial: string; readonly text: string };
type Told = { readonly attacks: readonly Attack[]; readonly at: number };

/** Of one device. */
const MAX_STORED = 100;
const MAX_TEXT = 1024;
/** Told again within this time it is no news: an ECU may say it with every poll. */
const REPEATED_MS = 3_600_000;
/** In the order of arrival. */
const ROW_ID = sql<number>`rowid`;

/** As they are stored, by ECU. */
export function boundedAttacks(told: ReadonlyMap<string, string>): readonly Attack[] {
  const attacks = [...told].slice(0, MAX_STORED);
  return attacks.map(([ecuSerial, text]) => ({ ecuSerial, text: text.slice(0, MAX_TEXT).toWellFormed() }));
}

/** Those that are not stored, or were told a good while ago. */
export async function newAttacks(db: Queryable, key: DeviceKey, told: Told): Promise<readonly Attack[]> {
  if (told.attacks.length === 0) return [];
  const rows = await attackRows(db, key);
  return told.attacks.filter(({ ecuSerial, text }) => {
    const known = rows.find((row) => row.ecu_serial === ecuSerial && row.text === text);
    return known === undefined || told.at - known.last_at >= REPEATED_MS;
  });
}

export async function saveAttacks(tx: Transaction, key: DeviceKey, told: Told): Promise<void> {
  const { attacks, at } = told;
  if (attacks.length === 0) return;
  for (const { ecuSerial: ecu_serial, text } of attacks) {
    const row = { environment: key.environment, device_uuid: key.uuid, ecu_serial, text };
    await tx
      .insertInto('director_attacks')
      .values({ ...row, first_at: at, last_at: at })
      .onConflict((conflict) =>
        conflict.columns(['environment', 'device_uuid', 'ecu_serial', 'text']).doUpdateSet({ last_at: at }),
      )
      .execute();
  }
  const toGo = tx
    .selectFrom('director_attacks')
    .select(ROW_ID.as('id'))
    .where('environment', '=', key.environment)
    .where('device_uuid', '=', key.uuid)
    .orderBy('last_at', 'desc')
    .orderBy(ROW_ID, 'desc')
    .limit(-1)
    .offset(MAX_STORED);
  await tx.deleteFrom('director_attacks').where(ROW_ID, 'in', toGo).execute();
}

export async function removeAttacks(tx: Transaction, key: DeviceKey): Promise<void> {
  await tx
    .deleteFrom('director_attacks')
    .where('environment', '=', key.environment)
    .where('device_uuid', '=', key.uuid)
    .execute();
}

/** As people see them, newest first. */
export async function attacksOfDevice(
  db: Queryable,
  key: DeviceKey,
  limit: number = MAX_STORED,
): Promise<DeviceAttack[]> {
  const rows = await attackRows(db, key);
  return rows.slice(0, limit).map((row) => ({
    ecuSerial: row.ecu_serial,
    text: row.text,
    at: isoSeconds(row.last_at),
    firstAt: isoSeconds(row.first_at),
  }));
}

async function attackRows(db: Queryable, key: DeviceKey): Promise<AttackTables['director_attacks'][]> {
  return db
    .selectFrom('director_attacks')
    .selectAll()
    .where('environment', '=', key.environment)
    .where('device_uuid', '=', key.uuid)
    .orderBy('last_at', 'desc')
    .orderBy(ROW_ID, 'desc')
    .execute();
}
