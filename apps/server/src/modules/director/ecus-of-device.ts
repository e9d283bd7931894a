// The ECUs of a device as people see them, the Primary first.
import type { DeviceEcu } from '@ota-connect/contract/user';
import type { Queryable } from '../../platform/db/database.ts';
import { listEcus } from './store.ts';

export async function ecusOfDevice(db: Queryable, environment: string, uuid: string): Promise<DeviceEcu[]> {
  return (await listEcus(db, { environment, uuid })).map((ecu) => ({
    serial: ecu.serial,
    hardwareId: ecu.hardwareId,
    primary: ecu.isPrimary,
    ...(ecu.installed === undefined ? {} : { installed: ecu.installed }),
  }));
}
