// Every installation report of a device, kept as it was received: one row a report, however often it was sent again
// until the device knew that we have it.
import type { InstallationReport } from '@ota-connect/uptane';
import type { Queryable, Transaction } from '../../platform/db/database.ts';
import type { DeviceKey } from './store.ts';

export type InstallationReportTables = {
  director_installation_reports: {
    environment: string;
    device_uuid: string;
    /** SHA-256 of the report's canonical form. */
    digest: string;
    /** JSON of an InstallationReport. */
    report: string;
    received_at: number;
    last_received_at: number;
    times_received: number;
  };
};

export type StoredInstallationReport = InstallationReport & {
  readonly receivedAt: number;
  readonly lastReceivedAt: number;
  readonly timesReceived: number;
};

export async function saveInstallationReport(
  tx: Transaction,
  key: DeviceKey,
  received: { readonly digest: string; readonly report: InstallationReport; readonly at: number },
): Promise<void> {
  const { digest, report, at } = received;
  await tx
    .insertInto('director_installation_reports')
    .values({
      environment: key.environment,
      device_uuid: key.uuid,
      digest,
      report: JSON.stringify(report),
      received_at: at,
      last_received_at: at,
      times_received: 1,
    })
    .onConflict((conflict) =>
      conflict.columns(['environment', 'device_uuid', 'digest']).doUpdateSet((row) => ({
        last_received_at: at,
        times_received: row('director_installation_reports.times_received', '+', 1),
      })),
    )
    .execute();
}

/** Newest first. */
export async function listInstallationReports(
  db: Queryable,
  key: DeviceKey,
): Promise<readonly StoredInstallationReport[]> {
  const rows = await db
    .selectFrom('director_installation_reports')
    .selectAll()
    .where('environment', '=', key.environment)
    .where('device_uuid', '=', key.uuid)
    .orderBy('received_at', 'desc')
    .execute();
  return rows.map((row) => ({
    ...(JSON.parse(row.report) as InstallationReport),
    receivedAt: row.received_at,
    lastReceivedAt: row.last_received_at,
    timesReceived: row.times_received,
  }));
}
