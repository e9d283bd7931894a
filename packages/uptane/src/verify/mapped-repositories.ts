// The repositories of a device that has a repository mapping, each with where it is asked and where it is kept.
// Source: Uptane Standard #repo_mapping_meta; TAP 4; docs/adr/0014-repository-mapping.md
import type { RepositoryMapping } from '../metadata/repository-mapping.ts';
import type { Repository } from './metadata-source.ts';

export type MappedRepositories = {
  /** By the name in the mapping, without the Director; `Repository.name` is `image` for all of them. */
  readonly repositories: ReadonlyMap<string, Repository>;
  readonly mapping: RepositoryMapping;
};
