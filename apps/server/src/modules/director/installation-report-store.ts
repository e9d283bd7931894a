// Every installation report of a device, kept as it was received: one row a report, however often it was sent again
// until the device knew that we have it. What a device can fill is bounded: the newest reports stay, and one that is too
// long loses the ends of its texts and its last items.
import { sql } from 'kysely';
import type { InstallationReport } from '@ota-connect/uptane';
import type { Queryable, Transaction } from '../../platform/db/database.ts';
import type { DeviceKey } from './store.ts';

export type InstallationReportTables = {
  director_installation_reports: {
    environment: string;
    device_uuid: string;
    /** SHA-256 of the report's canonical form. */
    digest: string;
    /** JSON of an InstallationReport, at most MAX_REPORT_BYTES. */
    report: string;
    received_at: number;
    last_received_at: number;
    times_received: number;
  };
};

/** Of one device. */
const MAX_STORED = 200;
const MAX_REPORT_BYTES = 64 * 1024;
const MAX_RAW_REPORT = 6_000;
const MAX_CODE = 255;
const MAX_DESCRIPTION = 1024;

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
  const saved = await tx
    .insertInto('director_installation_reports')
    .values({
      environment: key.environment,
      device_uuid: key.uuid,
      digest,
      report: fittingText(report),
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
    .returning('times_received')
    .executeTakeFirst();
  if (saved?.times_received === 1) await dropOldReports(tx, key);
}

/** A report stays whole when it fits; JSON takes up to 6 bytes for a character. */
function fittingText(report: InstallationReport): string {
  const whole = JSON.stringify(report);
  if (Buffer.byteLength(whole) <= MAX_REPORT_BYTES) return whole;
  const items: InstallationReport['items'][number][] = [];
  let room = 12 * 1024;
  for (const item of report.items) {
    const short = { ...item, result: clip(item.result) };
    room -= Buffer.byteLength(JSON.stringify(short));
    if (room < 0) break;
    items.push(short);
  }
  return JSON.stringify({
    correlationId: report.correlationId.slice(0, MAX_CODE),
    rawReport: report.rawReport.slice(0, MAX_RAW_REPORT),
    result: clip(report.result),
    items,
  });
}

function clip(result: InstallationReport['result']): InstallationReport['result'] {
  return {
    success: result.success,
    code: result.code.slice(0, MAX_CODE),
    description: result.description.slice(0, MAX_DESCRIPTION),
  };
}

async function dropOldReports(tx: Transaction, key: DeviceKey): Promise<void> {
  const toGo = tx
    .selectFrom('director_installation_reports')
    .select('digest')
    .where('environment', '=', key.environment)
    .where('device_uuid', '=', key.uuid)
    .orderBy(sql`rowid`, 'desc')
    .limit(-1)
    .offset(MAX_STORED);
  await tx
    .deleteFrom('director_installation_reports')
    .where('environment', '=', key.environment)
    .where('device_uuid', '=', key.uuid)
    .where('digest', 'in', toGo)
    .execute();
}

export async function removeInstallationReports(tx: Transaction, key: DeviceKey): Promise<void> {
  await tx
    .deleteFrom('director_installation_reports')
    .where('environment', '=', key.environment)
    .where('device_uuid', '=', key.uuid)
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
