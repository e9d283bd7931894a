// What a refusal or a slow transfer points to, in one line of text: the attack, the check that failed, the file and its
// repository. People read it on the device, and the Director in `attacks_detected` of the next manifests, so names from
// outside are kept short, printable and free of the separator. Uptane Standard #version_report.
import { MetadataError, metadataPath, type TopLevelRole } from '@ota-connect/uptane';
import { TransportError } from '../errors.ts';
import type { AttackRecord } from '../ports.ts';

const MAX_REPORT = 1024;
const MAX_NAME = 120;
const SEPARATOR = '; ';
const TOP_LEVEL: readonly TopLevelRole[] = ['root', 'timestamp', 'snapshot', 'targets'];
const REPOSITORIES = new Map([
  ['director', 'the Director'],
  ['image', 'the Image repository'],
]);

/** `timestamp.json of the Image repository`; undefined for what is no file, as two repositories that disagree. */
export function refusedFile({ role, repository }: MetadataError): string | undefined {
  const owner = repository === undefined ? undefined : REPOSITORIES.get(repository);
  if (role === undefined) return owner;
  const known = TOP_LEVEL.find((one) => one === role.toLowerCase());
  const file = metadataPath(known ?? { delegation: role.slice(0, MAX_NAME) });
  return owner === undefined ? file : `${file} of ${owner}`;
}

/**
 * Of metadata, or of the image of that name; undefined for what points to no attack: a network that is down, a server
 * that has nothing at all yet.
 */
export function attackText(error: unknown, image?: string): string | undefined {
  const cause = error instanceof MetadataError ? error.cause : error;
  const isSlow = cause instanceof TransportError && cause.details.attack === 'slow retrieval';
  const where = image === undefined ? '' : ` in the image ${image.slice(0, MAX_NAME)}`;
  if (!(error instanceof MetadataError))
    return isSlow ? printable(`slow retrieval: too_slow${where}`) : undefined;
  const file = refusedFile(error);
  const place = where !== '' || file === undefined ? where : ` in ${file}`;
  if (isSlow) return printable(`slow retrieval: ${error.wireCode}${place}`);
  if (error.code === 'MetadataFetchFailure' && (cause !== undefined || error.role === 'Root'))
    return undefined;
  return error.attack === undefined ? undefined : printable(`${error.attack}: ${error.wireCode}${place}`);
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

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]|;/g, '?');
}
