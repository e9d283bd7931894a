// An image of the Director compared with what other repositories say: with the Image repository, or with those that the
// repository mapping names for it. A repository that fails or disagrees does not count; where too few are left, the
// first refusal stands. Nobody is asked who is not needed. Source: Uptane Standard #full_verification, #repo_mapping_meta; TAP 4
import { MetadataError } from '../errors.ts';
import { hashesAgree } from '../hashes.ts';
import { member } from '../json/value.ts';
import type { Limits } from '../limits.ts';
import { DIRECTOR, entriesFor, type MappingEntry } from '../metadata/repository-mapping.ts';
import type { Instant } from '../time.ts';
import { updateImageRepository, type FindImage, type ImageSearch } from './image-repository.ts';
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

/**
 * Each image has to be the same on the other side. The one Image repository is verified at once, mapped ones as they are
 * needed. Delegated roles that no image has led to are dropped once all is found: else a supplier could go on inventing
 * names until the disk is full. A search that failed has not seen all, and drops nothing. @throws MetadataError
 */
export async function compareImages(
  image: Repository | MappedRepositories,
  offers: readonly Offer[],
  comparison: Comparison,
): Promise<readonly VerifiedTarget[]> {
  const searches: ImageSearch[] = [];
  const compare = await comparing(image, comparison, (search) => searches.push(search));
  const targets: VerifiedTarget[] = [];
  for (const offer of offers) targets.push(await compare(offer));
  for (const search of searches) search.dropUnused();
  return targets;
}

type CompareImage = (offer: Offer) => Promise<VerifiedTarget>;

async function comparing(
  image: Repository | MappedRepositories,
  comparison: Comparison,
  opened: (search: ImageSearch) => void,
): Promise<CompareImage> {
  if (!('mapping' in image)) {
    const search = await updateImageRepository(image, comparison.now, comparison.limits);
    opened(search);
    return (offer) => compareIn(search.find, offer, comparison);
  }
  const ask = askedOnce(image, comparison, opened);
  return (offer) =>
    compareMapped(image, offer, async (name) => compareIn((await ask(name)).find, offer, comparison));
}

/** With what one repository finds. @throws MetadataError */
export async function compareIn(
  find: FindImage,
  offer: Offer,
  comparison: Pick<Comparison, 'countersAre'>,
): Promise<VerifiedTarget> {
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
  offer: Offer,
  compareWith: CompareWith,
): Promise<VerifiedTarget> {
  const { entry } = offer;
  const refusals: MetadataError[] = [];
  for (const rule of entriesFor(mapping, entry.name)) {
    const agreed = await agreement(rule, offer, { compareWith, refusals });
    if (agreed !== undefined) return agreed;
    if (rule.terminating) break;
  }
  throw (
    refusals[0] ?? mismatch(entry, 'the repository mapping names nobody who may sign it', DIRECTOR_TARGETS)
  );
}

/**
 * The Director is one of those who have to agree. Any set of them that is large enough decides: one that contradicts the
 * others must not keep them from it.
 */
async function agreement(
  rule: MappingEntry,
  offer: Offer,
  { compareWith, refusals }: { compareWith: CompareWith; refusals: MetadataError[] },
): Promise<VerifiedTarget | undefined> {
  const said: Said[] = [];
  for (const name of rule.repositories) {
    if (name === DIRECTOR) continue;
    try {
      said.push({ name, target: await compareWith(name) });
    } catch (error) {
      if (!(error instanceof MetadataError)) throw error;
      refusals.push(namingRepository(error, name));
      continue;
    }
    const agreed = agreeing(said, rule.threshold - 1);
    if (agreed !== undefined)
      return rule.threshold < rule.repositories.length ? asDirectorSays(agreed, offer) : agreed;
  }
  if (said.length + 1 >= rule.threshold)
    refusals.push(mismatch(offer.entry, 'the repositories contradict each other', DIRECTOR_TARGETS));
  return undefined;
}

type Said = { readonly name: string; readonly target: VerifiedTarget };

/** Those who say the same as the earliest possible one. Who lists one hash alone contradicts nobody by another. */
function agreeing(said: readonly Said[], count: number): VerifiedTarget | undefined {
  for (const first of said) {
    let agreed = first.target;
    const names = new Set([first.name]);
    for (const { name, target } of said) {
      if (names.has(name) || !hashesAgree(agreed.hashes, target.hashes)) continue;
      agreed = mergeTargets(agreed, target);
      names.add(name);
    }
    const repositories = said.map(({ name }) => name).filter((name) => names.has(name));
    if (repositories.length >= count) return { ...agreed, repositories };
  }
  return undefined;
}

/**
 * Where others could make up for a repository, none may add what the Director does not say: one wrong hash or address
 * more, and the image that the others have would never do.
 */
function asDirectorSays(agreed: VerifiedTarget, { entry }: Offer): VerifiedTarget {
  const { uri, targetFormat, ...rest } = agreed;
  const isDirectors = (name: string, value: string | undefined): boolean =>
    value !== undefined && value === member(entry.custom, name);
  return {
    ...rest,
    hashes: entry.hashes,
    custom: entry.custom,
    ...(isDirectors('uri', uri) && uri !== undefined ? { uri } : {}),
    ...(isDirectors('targetFormat', targetFormat) && targetFormat !== undefined ? { targetFormat } : {}),
  };
}

/** Each repository is brought up to date once in a cycle, and one that failed is not asked again. */
function askedOnce(
  { repositories }: MappedRepositories,
  { now, limits }: Comparison,
  opened: (search: ImageSearch) => void,
) {
  const searches = new Map<string, Promise<ImageSearch>>();
  return (name: string): Promise<ImageSearch> => {
    const repository = repositories.get(name);
    if (repository === undefined) throw new TypeError(`The mapped repository "${name}" is not there.`);
    const search =
      searches.get(name) ??
      updateImageRepository(repository, now, limits).then((found) => {
        opened(found);
        return found;
      });
    searches.set(name, search);
    return search;
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
