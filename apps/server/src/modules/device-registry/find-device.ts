// One device by its uuid, for every module that has to know that it exists.
import type { Queryable } from '../../platform/db/database.ts';
import { RequestError } from '../../platform/http/problem.ts';
import { findDeviceRow, type SeenDeviceRow } from './store.ts';

/** Throws RequestError `missing_entity`. */
export async function findDevice(db: Queryable, environment: string, uuid: string): Promise<SeenDeviceRow> {
  const device = await findDeviceRow(db, environment, uuid);
  if (device === undefined) throw new RequestError('missing_entity', `There is no device ${uuid}.`);
  return device;
}
