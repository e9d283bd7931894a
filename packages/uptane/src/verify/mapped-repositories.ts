// The repositories of a device that has a repository mapping, each with where it is asked and where it is kept.
// Source: Uptane Standard #repo_mapping_meta; TAP 4; docs/adr/0014-repository-mapping.md
import type { RepositoryMapping } from '../metadata/repository-mapping.ts';
import { provisioned, type Repository } from './metadata-source.ts';

export type MappedRepositories = {
  /** By the name in the mapping, without the Director; `Repository.name` is `image` for all of them. */
  readonly repositories: ReadonlyMap<string, Repository>;
  readonly mapping: RepositoryMapping;
};

/** Whoever may be asked for images, each with a Root from provisioning alone. */
export function provisionedImages(image: Repository | MappedRepositories): Repository | MappedRepositories {
  if (!('mapping' in image)) return provisioned(image);
  const repositories = [...image.repositories].map(([name, one]) => [name, provisioned(one)] as const);
  return { ...image, repositories: new Map(repositories) };
}
