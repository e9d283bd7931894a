// The other side of the Director: the Image repository, or the repositories of a mapping, each with where it is asked and
// where it is kept. The one that the mapping calls `image` is the Image repository of a device without a mapping, so that
// a device that gets one goes on trusting what it trusted. Uptane Standard #repo_mapping_meta.
import { storedSource, type MappedRepositories, type Repository } from '@ota-connect/uptane';
import type { StepContext } from './context.ts';
import { givingWay } from './giving-way.ts';

export function imageSide(
  context: StepContext,
  from: 'servers' | 'storage',
): Repository | MappedRepositories {
  const { mapped, imageSource, storage, firstRoot } = context;
  const { image, further } = storage.metadata;
  const repository = (store: Repository['store'], source: Repository['source']): Repository => ({
    name: 'image',
    store,
    source: givingWay(from === 'servers' ? source : storedSource(store)),
    ...(firstRoot === undefined ? {} : { firstRoot }),
  });
  if (mapped === undefined) return repository(image, imageSource);
  const repositories = Array.from(mapped.sources, ([name, source]): [string, Repository] => [
    name,
    repository(name === 'image' ? image : further(name), source),
  ]);
  return { mapping: mapped.mapping, repositories: new Map(repositories) };
}
