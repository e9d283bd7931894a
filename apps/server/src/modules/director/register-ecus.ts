// POST /director/ecus: a device names its ECUs and their keys. The first Targets of a device are made when it asks for them.
// Source: server-protocol 4.1
import type { EcuRegistration, RegisteredEcu } from '@ota-connect/contract/device';
import { parsePublicKey } from '@ota-connect/uptane';
import type { Context } from '../../platform/context.ts';
import { inTransaction, type Transaction } from '../../platform/db/database.ts';
import { flushToDisk } from '../../platform/db/durability.ts';
import { RequestError } from '../../platform/http/problem.ts';
import { publish } from '../../platform/outbox/publish.ts';
import { listAssignments } from './assignment-store.ts';
import type { EcusRegistered } from './events.ts';
import { planRegistration, type Inventory } from './plan-registration.ts';
import {
  findDeviceRow,
  findOwnerOfSerial,
  keyToText,
  listEcuRows,
  saveDeviceRow,
  saveEcuRow,
  type DeviceKey,
  type EcuRow,
} from './store.ts';

export type Registered = 'created' | 'replaced' | 'unchanged';
type Saved = { readonly ecu: RegisteredEcu; readonly keepsImage: boolean };

/** Throws RequestError `ecu_already_registered`, `ecu_reuse_not_allowed`, `replace_ecu_assignment_exists`. */
export async function registerEcus(
  ctx: Context,
  key: DeviceKey,
  registration: EcuRegistration,
): Promise<Registered> {
  const registered = await inTransaction(ctx.db, async (tx) => {
    const rows = await listEcuRows(tx, key);
    const inventory = await readInventory(tx, { key, registration, rows });
    const plan = planRegistration(inventory, registration, keyTextOf);
    if (plan.kind === 'refused') throw new RequestError(plan.code, plan.reason);
    if (plan.kind === 'unchanged') return plan.kind;
    const now = ctx.clock.now();
    const before = new Map(rows.map((row) => [row.serial, row]));
    for (const serial of plan.remove) {
      const row = before.get(serial);
      if (row !== undefined) await saveEcuRow(tx, { ...row, removed_at: now });
    }
    for (const saved of plan.save) {
      await saveEcuRow(tx, toRow(key, { ...saved, before: before.get(saved.ecu.ecuSerial), now }));
    }
    await saveDeviceRow(tx, {
      environment: key.environment,
      uuid: key.uuid,
      primary_serial: registration.primaryEcuSerial,
      capabilities: JSON.stringify(registration.capabilities ?? []),
      targets_outdated: 1,
      created_at: now,
    });
    const { environment, uuid: deviceUuid } = key;
    const fact: EcusRegistered = {
      type: 'EcusRegistered',
      environment,
      deviceUuid,
      isFirst: plan.isNew,
    };
    await publish(tx, fact);
    return plan.isNew ? 'created' : 'replaced';
  });
  // The device never registers by itself again once it has our answer.
  if (registered !== 'unchanged') await flushToDisk(ctx.db);
  return registered;
}

async function readInventory(
  tx: Transaction,
  of: { readonly key: DeviceKey; readonly registration: EcuRegistration; readonly rows: readonly EcuRow[] },
): Promise<Inventory> {
  const { key, registration, rows } = of;
  const device = await findDeviceRow(tx, key);
  const open = await listAssignments(tx, key, { states: ['queued', 'assigned', 'in_flight'] });
  const taken = new Set<string>();
  for (const ecu of registration.ecus) {
    const owner = await findOwnerOfSerial(tx, key.environment, ecu.ecuSerial);
    if (owner !== undefined && owner !== key.uuid) taken.add(ecu.ecuSerial);
  }
  return {
    ecus: rows.map((row) => ({
      serial: row.serial,
      hardwareId: row.hardware_id,
      keyText: row.public_key,
      removed: row.removed_at !== null,
    })),
    busy: new Set(open.map((assignment) => assignment.ecuSerial)),
    taken,
    ...(device === undefined ? {} : { primarySerial: device.primary_serial }),
  };
}

function toRow(
  key: DeviceKey,
  saved: Saved & { readonly before: EcuRow | undefined; readonly now: number },
): EcuRow {
  const { ecu, keepsImage, before, now } = saved;
  return {
    environment: key.environment,
    device_uuid: key.uuid,
    serial: ecu.ecuSerial,
    hardware_id: ecu.hardwareId,
    public_key: keyTextOf(ecu),
    can_roll_back: ecu.rollback === undefined ? null : Number(ecu.rollback),
    installed: keepsImage ? (before?.installed ?? null) : null,
    created_at: before?.created_at ?? now,
    removed_at: null,
  };
}

/** The text of the key stays as it was sent: the device's own key ids are hashes of it. */
function keyTextOf(ecu: RegisteredEcu): string {
  return keyToText(
    parsePublicKey({ keytype: ecu.clientKey.keytype, keyval: { public: ecu.clientKey.keyval.public } }),
  );
}
