// What a device reports about itself: hardware, network, packages, configuration. The latest of each is kept, in the form
// in which it came; a configuration loses its secrets first. Source: client-protocol 3.9; server-protocol 8.2
import { decodeInstalledPackages, decodeNetworkInfo, MalformedBodyError } from '@ota-connect/contract/device';
import type { Context } from '../../platform/context.ts';
import { inTransaction } from '../../platform/db/database.ts';
import type { Device } from '../../platform/http/authenticate-device.ts';
import { RequestError } from '../../platform/http/problem.ts';
import { redactConfig } from './redact-config.ts';
import { saveReport, type ReportKind } from './report-store.ts';

/** Throws RequestError `invalid_entity`. */
export async function receiveReport(
  ctx: Context,
  device: Device,
  report: { readonly kind: ReportKind; readonly body: Uint8Array },
): Promise<void> {
  const body = readReport(report.kind, report.body);
  await inTransaction(ctx.db, (tx) =>
    saveReport(tx, {
      environment: device.environment,
      device_uuid: device.uuid,
      kind: report.kind,
      body,
      received_at: ctx.clock.now(),
    }),
  );
}

/** Throws RequestError `invalid_entity`; the sentence says the place, never the value. */
export function readJsonBody(body: Uint8Array): unknown {
  try {
    return JSON.parse(readText(body)) as unknown;
  } catch (cause) {
    throw new RequestError('invalid_entity', 'The body is not JSON.', { cause });
  }
}

function readReport(kind: ReportKind, body: Uint8Array): string {
  if (kind === 'config') return redactConfig(readText(body));
  const value = readJsonBody(body);
  try {
    return JSON.stringify(checkReport(kind, value));
  } catch (cause) {
    if (cause instanceof MalformedBodyError)
      throw new RequestError('invalid_entity', `${cause.message}.`, { cause });
    throw cause;
  }
}

function checkReport(kind: Exclude<ReportKind, 'config'>, value: unknown): unknown {
  switch (kind) {
    case 'network':
      return decodeNetworkInfo(value);
    case 'packages':
      return decodeInstalledPackages(value);
    case 'system_info':
      if (typeof value !== 'object' || value === null) throw new MalformedBodyError('', 'an object');
      return value;
  }
}

function readText(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch (cause) {
    throw new RequestError('invalid_entity', 'The body is not UTF-8 text.', { cause });
  }
}
