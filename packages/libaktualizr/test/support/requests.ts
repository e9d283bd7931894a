// Reads what a test gateway recorded: manifests with their reports, events in order.
import type { Recorded } from './test-gateway.ts';

export type Report = {
  readonly correlation_id: string;
  readonly items: readonly {
    readonly ecu: string;
    readonly result: { readonly code: string; readonly success: boolean; readonly description: string };
  }[];
  readonly raw_report: string;
  readonly result: { readonly code: string; readonly success: boolean; readonly description: string };
};

export type SignedManifest = {
  readonly ecu_version_manifests: Readonly<
    Record<string, { readonly signed: Readonly<Record<string, unknown>> }>
  >;
  readonly installation_report?: { readonly content_type: string; readonly report: Report };
  readonly custom?: unknown;
};

export function manifestsOf(requests: readonly Recorded[]): readonly SignedManifest[] {
  return requests
    .filter(({ method, path }) => method === 'PUT' && path === '/director/manifest')
    .map(({ text }) => (JSON.parse(text) as { signed: SignedManifest }).signed);
}

/** The name of the image that each ECU says it runs. */
export function imagesIn(manifest: SignedManifest | undefined): ReadonlyMap<string, unknown> {
  const reports = Object.entries(manifest?.ecu_version_manifests ?? {});
  return new Map(
    reports.map(([serial, { signed }]) => [
      serial,
      (signed.installed_image as { readonly filepath: string }).filepath,
    ]),
  );
}

/** Installation reports, without the manifests that carry none. */
export function reportsOf(requests: readonly Recorded[]): readonly Report[] {
  return manifestsOf(requests).flatMap(({ installation_report: report }) =>
    report === undefined ? [] : [report.report],
  );
}

export type SentEvent = {
  readonly id: string;
  readonly eventType: { readonly id: string };
  readonly event: Readonly<Record<string, unknown>>;
};

export function eventsOf(requests: readonly Recorded[]): readonly SentEvent[] {
  return requests
    .filter(({ path }) => path === '/events')
    .flatMap(({ text }) => JSON.parse(text) as SentEvent[]);
}

export function eventNames(requests: readonly Recorded[]): readonly string[] {
  return eventsOf(requests).map(({ eventType, event }) =>
    event.success === undefined ? eventType.id : `${eventType.id} ${event.success === true}`,
  );
}
