// Which update a refusal ends: the one that the refused document names, if the Director itself signed that document and
// it is none of old. Whatever anybody can send without a key (a page of a captive portal, an old file) says nothing about
// the update that runs. docs/adr/0010-what-a-refusal-says.md
import { parseStrictJson, type MetadataError, type MetadataSource } from '@ota-connect/uptane';

/** Found only in Director Targets whose signatures hold and whose version is not below the trusted one. */
const OF_SIGNED_TARGETS: ReadonlySet<string> = new Set([
  'DirectorDelegation',
  'DirectorRepeatedEcuId',
  'BadEcuId',
  'BadHardwareId',
  'TargetMismatch',
  'ReleaseCounter',
]);

/** A source that keeps what it gave last as Targets. */
export type WatchedSource = MetadataSource & { lastTargets(): Uint8Array | undefined };

export function watchTargets(source: MetadataSource): WatchedSource {
  let last: Uint8Array | undefined;
  return {
    lastTargets: () => last,
    async fetch(request) {
      const received = await source.fetch(request);
      if (request.role === 'targets' && received !== 'absent') last = received;
      return received;
    },
  };
}

/** `targets`: the Director's that were judged. Answers a correlation ID, or the empty one. */
export function refusedUpdate(error: MetadataError, targets: Uint8Array | undefined): string {
  if (targets === undefined || !isOfSignedTargets(error)) return '';
  const found = member(member(member(parseStrictJson(targets), 'signed'), 'custom'), 'correlationId');
  return typeof found === 'string' ? found : '';
}

function isOfSignedTargets({ code, role, repository, details, attack }: MetadataError): boolean {
  // Targets of another vehicle, whose update may bear the name of ours.
  if (details.vehicleId !== undefined) return false;
  if (code === 'ExpiredMetadata') return role === 'Targets' && repository === 'director';
  // An image that the Image repository's own roles let nobody find is not one that the Director has named wrongly.
  if (code === 'TargetMismatch' && attack !== 'mix-and-match') return false;
  return OF_SIGNED_TARGETS.has(code);
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined;
}
