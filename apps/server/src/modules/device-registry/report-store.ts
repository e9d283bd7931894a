// Every SQL statement about what devices say of themselves: their latest reports, and their events as they came.
import type { Queryable, Transaction } from '../../platform/db/database.ts';

export type ReportKind = 'system_info' | 'network' | 'packages' | 'config';

export type EventRow = {
  environment: string;
  device_uuid: string;
  event_id: string;
  /** Order of arrival. */
  sequence: string;
  correlation_id: string | null;
  /** The event as the device sent it. */
  body: string;
  received_at: number;
};

type DeviceKey = { readonly environment: string; readonly deviceUuid: string };

/** SQLite takes a bounded number of values in a statement. */
const ROWS_AT_ONCE = 100;

export type ReportTables = {
  device_reports: {
    environment: string;
    device_uuid: string;
    kind: ReportKind;
    body: string;
    received_at: number;
  };
  /** Bounded for each device: the newest stay (receive-events.ts). */
  device_events: EventRow;
};

/** The latest report of a kind replaces the one before. */
export async function saveReport(tx: Transaction, row: ReportTables['device_reports']): Promise<void> {
  await tx
    .insertInto('device_reports')
    .values(row)
    .onConflict((conflict) =>
      conflict
        .columns(['environment', 'device_uuid', 'kind'])
        .doUpdateSet({ body: row.body, received_at: row.received_at }),
    )
    .execute();
}

export async function findReport(
  db: Queryable,
  key: { readonly environment: string; readonly deviceUuid: string; readonly kind: ReportKind },
): Promise<{ body: string; received_at: number } | undefined> {
  return db
    .selectFrom('device_reports')
    .select(['body', 'received_at'])
    .where('environment', '=', key.environment)
    .where('device_uuid', '=', key.deviceUuid)
    .where('kind', '=', key.kind)
    .executeTakeFirst();
}

/** Ids of those that did not come before: devices repeat what was not answered. */
export async function insertEvents(tx: Transaction, rows: readonly EventRow[]): Promise<ReadonlySet<string>> {
  const fresh = new Set<string>();
  for (let start = 0; start < rows.length; start += ROWS_AT_ONCE) {
    const inserted = await tx
      .insertInto('device_events')
      .values(rows.slice(start, start + ROWS_AT_ONCE))
      .onConflict((conflict) => conflict.doNothing())
      .returning('event_id')
      .execute();
    for (const row of inserted) fresh.add(row.event_id);
  }
  return fresh;
}

/** Keeps the newest `keep` of a device. */
export async function dropOldEvents(tx: Transaction, key: DeviceKey, keep: number): Promise<void> {
  const newestToGo = tx
    .selectFrom('device_events')
    .select('sequence')
    .where('environment', '=', key.environment)
    .where('device_uuid', '=', key.deviceUuid)
    .orderBy('sequence', 'desc')
    .limit(1)
    .offset(keep);
  await tx
    .deleteFrom('device_events')
    .where('environment', '=', key.environment)
    .where('device_uuid', '=', key.deviceUuid)
    .where('sequence', '<=', newestToGo)
    .execute();
}

/** All that a device ever said. */
export async function removeReports(tx: Transaction, key: DeviceKey): Promise<void> {
  for (const table of ['device_reports', 'device_events'] as const) {
    await tx
      .deleteFrom(table)
      .where('environment', '=', key.environment)
      .where('device_uuid', '=', key.deviceUuid)
      .execute();
  }
}

/** Oldest first. */
export async function listEvents(
  db: Queryable,
  environment: string,
  filter: {
    readonly deviceUuid: string;
    readonly correlationId?: string | undefined;
    readonly after?: string | undefined;
    readonly limit: number;
  },
): Promise<EventRow[]> {
  let query = db
    .selectFrom('device_events')
    .selectAll()
    .where('environment', '=', environment)
    .where('device_uuid', '=', filter.deviceUuid)
    .orderBy('sequence')
    .limit(filter.limit);
  if (filter.correlationId !== undefined) query = query.where('correlation_id', '=', filter.correlationId);
  if (filter.after !== undefined) query = query.where('sequence', '>', filter.after);
  return query.execute();
}
