// Which document a check is about, in the form that errors carry.
import type { Origin, RepositoryName } from '../errors.ts';
import type { DocumentOrigin } from '../metadata/envelope.ts';
import { roleTitle } from '../metadata/filename.ts';

export function originOf(origin: DocumentOrigin): Origin {
  const role = roleTitle(origin.role);
  return origin.repository === undefined ? { role } : { role, repository: origin.repository };
}

/** A repository in a sentence. */
export function titleOf(repository: RepositoryName): string {
  return repository === 'plain' ? 'the repository' : `the ${repository} repository`;
}
