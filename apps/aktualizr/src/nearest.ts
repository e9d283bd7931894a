// The hint behind "there is no …": the known name that was probably meant.
import { nearestName } from '@ota-connect/libaktualizr/config/nearest-name';

/** ` Did you mean x?`, or nothing when no name is near. */
export function didYouMean(given: string, known: readonly string[], prefix = ''): string {
  const name = nearestName(given, known);
  return name === undefined ? '' : ` Did you mean ${prefix}${name}?`;
}
