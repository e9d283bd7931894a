// What became of an installation, per ECU and for the device; rides in the manifest until the server has taken it.
// Source: client-protocol of the original (installation report v1)
import { readArray, readBoolean, readObject, readOptional, readString } from '../json/decode.ts';
import { jsonObject, member, type JsonObject, type JsonValue } from '../json/value.ts';

export type ReportedResult = {
  readonly success: boolean;
  readonly code: string;
  readonly description: string;
};
export type InstallationReport = {
  /** May be empty: nothing was assigned when it failed. */
  readonly correlationId: string;
  readonly result: ReportedResult;
  readonly rawReport: string;
  readonly items: readonly { readonly ecu: string; readonly result: ReportedResult }[];
};

const CONTENT_TYPE = 'application/vnd.com.here.otac.installationReport.v1';

export function installationReport(report: InstallationReport): JsonObject {
  const items = report.items.map((item) =>
    jsonObject([
      ['ecu', item.ecu],
      ['result', resultObject(item.result)],
    ]),
  );
  const body = jsonObject([
    ['correlation_id', report.correlationId],
    ['items', items],
    ['raw_report', report.rawReport],
    ['result', resultObject(report.result)],
  ]);
  return jsonObject([
    ['content_type', CONTENT_TYPE],
    ['report', body],
  ]);
}

/** @throws CodedError DecodeError */
export function readInstallationReport(value: JsonValue, path: string): InstallationReport {
  const report = readObject(member(readObject(value, path), 'report'), `${path}.report`);
  const items = readOptional(report, 'items', readArray) ?? [];
  return {
    correlationId: readOptional(report, 'correlation_id', readString) ?? '',
    result: readResult(member(report, 'result'), `${path}.report.result`),
    rawReport: readOptional(report, 'raw_report', readString) ?? '',
    items: items.map((item, index) => {
      const object = readObject(item, `items[${index}]`);
      return {
        ecu: readString(member(object, 'ecu'), `items[${index}].ecu`),
        result: readResult(member(object, 'result'), `items[${index}].result`),
      };
    }),
  };
}

function resultObject(result: ReportedResult): JsonObject {
  return jsonObject([
    ['code', result.code],
    ['description', result.description],
    ['success', result.success],
  ]);
}

function readResult(value: JsonValue | undefined, path: string): ReportedResult {
  const object = readObject(value, path);
  return {
    success: readBoolean(member(object, 'success'), `${path}.success`),
    code: readString(member(object, 'code'), `${path}.code`),
    description: readOptional(object, 'description', readString) ?? '',
  };
}
