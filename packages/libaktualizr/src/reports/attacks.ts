// What a refusal or a slow transfer points to, in one line of text: the attack, the check that failed, the file and its
// repository. People read it on the device, and the Director in `attacks_detected` of the next manifests, so names from
// outside are kept short, harmless and free of the separator. Uptane Standard #version_report.
import { MetadataError, metadataPath, quoted, type TopLevelRole } from '@ota-connect/uptane';
import { TransportError } from '../errors.ts';
import type { AttackRecord } from '../ports.ts';

const MAX_REPORT = 1024;
const MAX_NAME = 120;
const SEPARATOR = '; ';
const TOP_LEVEL: readonly TopLevelRole[] = ['root', 'timestamp', 'snapshot', 'targets'];
/** Refusals of what two repositories say of one image. */
const OF_IMAGES: ReadonlySet<string> = new Set(['TargetMismatch', 'ReleaseCounter']);
const REPOSITORIES = new Map([
  ['director', 'the Director'],
  ['image', 'the Image repository'],
]);

/** The check that failed, its attack and the place: `Rollback, as in the attack "rollback", in timestamp.json of …`. */
export function describeRefusal(error: MetadataError): string {
  const attack = error.attack === undefined ? '' : `, as in the attack "${error.attack}"`;
  return `${error.wireCode}${attack}${placeOf(error, ', in ')}`;
}

/**
 * Of metadata, or of the image of that name; undefined for what points to no attack: a network that is down, a server
 * that has nothing at all yet.
 */
export function attackText(error: unknown, image?: string): string | undefined {
  const cause = error instanceof MetadataError ? innermostOf(error).cause : error;
  const isSlow = cause instanceof TransportError && cause.details.attack === 'slow retrieval';
  if (!(error instanceof MetadataError))
    return isSlow ? told(`slow retrieval: ${cause.code}${imageText(image, ' in ')}`) : undefined;
  const place = imageText(image, ' in ') || placeOf(error, ' in ');
  if (isSlow) return told(`slow retrieval: ${error.wireCode}${place}`);
  if (error.code === 'MetadataFetchFailure' && (cause !== undefined || error.role === 'Root'))
    return undefined;
  return error.attack === undefined ? undefined : told(`${error.attack}: ${error.wireCode}${place}`);
}

/** A refusal by one of several mapped repositories has the repository's own as its cause. */
export function innermostOf(error: MetadataError): MetadataError {
  return error.cause instanceof MetadataError ? innermostOf(error.cause) : error;
}

/** `timestamp.json of the Image repository`, and before it the image that two repositories do not agree about. */
function placeOf(error: MetadataError, before: string): string {
  const { code, role, repository, details } = error;
  const owner = ownerOf(repository, details.mappedRepository);
  // No document is wrong where none is named: it is the image itself.
  const isOfImage = role === undefined || OF_IMAGES.has(code);
  const image = isOfImage && typeof details.target === 'string' ? details.target : undefined;
  const start = image === undefined ? before : `${imageText(image, before)} by `;
  if (role === undefined) return owner === undefined ? imageText(image, before) : start + owner;
  return `${start}${documentOf(role, repository)}${owner === undefined ? '' : ` of ${owner}`}`;
}

function documentOf(role: string, repository: string | undefined): string {
  if (role === 'Time' && repository === 'director') return 'the time';
  const known = TOP_LEVEL.find((one) => one === role.toLowerCase());
  return metadataPath(known ?? { delegation: quoted(role, MAX_NAME) });
}

function ownerOf(repository: string | undefined, mapped: unknown): string | undefined {
  if (typeof mapped === 'string') return `the repository ${quoted(mapped, MAX_NAME)}`;
  return repository === undefined ? undefined : REPOSITORIES.get(repository);
}

function imageText(image: string | undefined, before: string): string {
  return image === undefined ? '' : `${before}the image ${quoted(image, MAX_NAME)}`;
}

export type AttackReport = {
  /** For `attacks_detected`; empty when there is nothing to tell. */
  readonly text: string;
  /** What the text carries, to be cleared once the server has taken it. */
  readonly carried: readonly AttackRecord[];
};

/** As many as fit, oldest first; the others travel with the next manifest. */
export function attackReport(pending: readonly AttackRecord[]): AttackReport {
  const carried: AttackRecord[] = [];
  let text = '';
  for (const record of pending) {
    const longer = text === '' ? record.text : `${text}${SEPARATOR}${record.text}`;
    if (longer.length > MAX_REPORT) break;
    text = longer;
    carried.push(record);
  }
  return { text, carried };
}

/** ASCII alone, whatever reads it on the server. */
function told(text: string): string {
  return text.replace(/[^\x20-\x7e]|;/g, '?');
}
