// An image of the Director compared with what other repositories say: with the Image repository, or with those that the
// repository mapping names for it. A repository that fails or disagrees does not count; where too few are left, the
// first refusal stands. Nobody is asked who is not needed. Source: Uptane Standard #full_verification, #repo_mapping_meta; TAP 4
import { MetadataError } from '../errors.ts';
import type { Limits } from '../limits.ts';
import { DIRECTOR, entriesFor, type MappingEntry } from '../metadata/repository-mapping.ts';
import type { Instant } from '../time.ts';
import { updateImageRepository, type FindImage } from './image-repository.ts';
import {
  byHardware,
  type CountersAre,
  DIRECTOR_TARGETS,
  matchTarget,
  mergeTargets,
  mismatch,
  type Offer,
} from './match-targets.ts';
import type { MappedRepositories } from './mapped-repositories.ts';
import type { Repository } from './metadata-source.ts';
import type { VerifiedTarget } from './verdict.ts';

export type Comparison = {
  readonly now: Instant;
  readonly limits: Limits;
  readonly countersAre: CountersAre;
};

/** @throws MetadataError when the image is not the same on the other side */
export type CompareImage = (offer: Offer) => Promise<VerifiedTarget>;

/** The one Image repository is verified at once, mapped ones as they are needed. @throws MetadataError */
export async function compareImages(
  image: Repository | MappedRepositories,
  comparison: Comparison,
): Promise<CompareImage> {
  if (!('mapping' in image)) {
    const find = await updateImageRepository(image, comparison.now, comparison.limits);
    return (offer) => compareIn(find, offer, comparison);
  }
  const ask = askedOnce(image, comparison);
  return (offer) =>
    compareMapped(image, offer, async (name) => compareIn(await ask(name), offer, comparison));
}

async function compareIn(find: FindImage, offer: Offer, comparison: Comparison): Promise<VerifiedTarget> {
  let agreed: VerifiedTarget | undefined;
  for (const part of byHardware(offer)) {
    const found = await find(part.entry.name, part.ecus[0]?.hardwareId);
    const target = matchTarget(part, found, comparison.countersAre);
    agreed = agreed === undefined ? target : mergeTargets(agreed, target);
  }
  if (agreed === undefined) throw mismatch(offer.entry, 'it names no ECU of this vehicle', DIRECTOR_TARGETS);
  return agreed;
}

type CompareWith = (repository: string) => Promise<VerifiedTarget>;

async function compareMapped(
  { mapping }: MappedRepositories,
  { entry }: Offer,
  compareWith: CompareWith,
): Promise<VerifiedTarget> {
  const refusals: MetadataError[] = [];
  for (const rule of entriesFor(mapping, entry.name)) {
    const agreed = await agreement(rule, compareWith, refusals);
    if (agreed !== undefined) return agreed;
    if (rule.terminating) break;
  }
  throw (
    refusals[0] ?? mismatch(entry, 'the repository mapping names nobody who may sign it', DIRECTOR_TARGETS)
  );
}

/** The Director is one of those who have to agree. */
async function agreement(
  { repositories, threshold }: MappingEntry,
  compareWith: CompareWith,
  refusals: MetadataError[],
): Promise<VerifiedTarget | undefined> {
  let agreed: VerifiedTarget | undefined;
  const listing: string[] = [];
  for (const name of repositories) {
    if (name === DIRECTOR) continue;
    try {
      const target = await compareWith(name);
      agreed = agreed === undefined ? target : mergeTargets(agreed, target);
    } catch (error) {
      if (!(error instanceof MetadataError)) throw error;
      refusals.push(namingRepository(error, name));
      continue;
    }
    listing.push(name);
    if (listing.length + 1 >= threshold) return { ...agreed, repositories: listing };
  }
  return undefined;
}

/** Each repository is brought up to date once in a cycle, and one that failed is not asked again. */
function askedOnce({ repositories }: MappedRepositories, { now, limits }: Comparison) {
  const asked = new Map<string, Promise<FindImage>>();
  return (name: string): Promise<FindImage> => {
    const repository = repositories.get(name);
    if (repository === undefined) throw new TypeError(`The mapped repository "${name}" is not there.`);
    const find = asked.get(name) ?? updateImageRepository(repository, now, limits);
    asked.set(name, find);
    return find;
  };
}

function namingRepository(cause: MetadataError, mappedRepository: string): MetadataError {
  const { role, repository, attack, details } = cause;
  return new MetadataError(cause.code, cause.message, {
    ...(role === undefined ? {} : { role }),
    ...(repository === undefined ? {} : { repository }),
    ...(attack === undefined ? {} : { attack }),
    details: { ...details, mappedRepository },
    cause,
  });
}
