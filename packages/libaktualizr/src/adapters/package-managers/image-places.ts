// Where an image may lie, and asking there in order: the Director's own address; else the repositories that list it, each
// by its name as originals store it and then by its hash and name, below each of the repository's addresses.
// client-protocol 3.5; Uptane Standard #metadata_filename_rules, #download_images_primary.
import { imagePath, MetadataError, type VerifiedTarget } from '@ota-connect/uptane';
import { encodeTargetName } from '@ota-connect/contract/device';
import { InstallError, TransportError } from '../../errors.ts';
import { firstAnswer, gaveNoAnswer, type OnPassedOver } from '../http/fall-back.ts';

/** Base addresses of the repositories that list an image, the first to be asked first. */
export type AddressesOf = (target: VerifiedTarget) => readonly (readonly string[])[];

/** One repository: whatever of `names` is there, below any of `addresses`. */
export type ImagePlace = { readonly addresses: readonly string[]; readonly names: readonly string[] };

/** @throws InstallError `rejected_format` for a name that would become another path of the gateway */
export function imagePlaces(target: VerifiedTarget, addressesOf: AddressesOf): readonly ImagePlace[] {
  const { name, uri, hashes } = target;
  if (uri !== undefined) return [{ addresses: [uri], names: [''] }];
  if (name.split('/').some((segment) => segment === '.' || segment === '..')) {
    const message = `The image "${name}" cannot be asked for: its name has "." or ".." between slashes.`;
    throw new InstallError('rejected_format', message, { details: { target: name } });
  }
  const listed = [hashes.sha256, hashes.sha512].filter((hash) => hash !== undefined);
  const names = [name, ...listed.map((hash) => imagePath(name, hash))].map((path) => encodeTargetName(path));
  return addressesOf(target).map((bases) => ({
    addresses: bases.map((base) => `${base}/targets/`),
    names,
  }));
}

/**
 * The first that has the very image: one that has another, whoever has made it so, ends nothing for those behind it. When
 * none has it, the error of one that may have it yet, else of the first.
 */
export async function askPlaces<T>(
  places: readonly ImagePlace[],
  ask: (url: string) => Promise<T>,
  onPassedOver: OnPassedOver = () => undefined,
): Promise<T> {
  const refusals: Refusal[] = [];
  for (const place of places) {
    const answer = await askPlace(place, ask, onPassedOver);
    if ('value' in answer) return answer.value;
    if (answer instanceof MetadataError && places.length > 1) onPassedOver(answer);
    refusals.push(answer);
  }
  const nobody = new TransportError('unreachable', 'No repository is known to have the image.');
  throw refusals.find(gaveNoAnswer) ?? refusals[0] ?? nobody;
}

type Refusal = TransportError | MetadataError;

async function askPlace<T>(
  { addresses, names }: ImagePlace,
  ask: (url: string) => Promise<T>,
  onPassedOver: OnPassedOver,
): Promise<{ readonly value: T } | Refusal> {
  let first: TransportError | undefined;
  for (const name of names) {
    try {
      return { value: await firstAnswer(addresses, (address) => ask(address + name), onPassedOver) };
    } catch (error) {
      if (error instanceof MetadataError) return error;
      if (!(error instanceof TransportError)) throw error;
      first ??= error;
      // Whoever does not answer for one name does not for another.
      if (error.details.status !== 404) return first;
    }
  }
  return first ?? new TransportError('unreachable', 'The image has no name.');
}
