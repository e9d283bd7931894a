// Asks a repository for one file, and tells apart what it says: here it is, there is none, and all the ways in which it
// could not be asked. Source: Uptane Standard #check_root and following ("at most X bytes")
import { CodedError, MetadataError } from '../errors.ts';
import { roleTitle } from '../dialect/role.ts';
import type { MetadataRequest, Repository } from './metadata-source.ts';
import { originOf, titleOf } from './origin.ts';

/** What the repository answers. @throws MetadataError OversizedMetadata, MetadataFetchFailure with the source's error as cause */
export async function fetchRole(
  repository: Repository,
  request: MetadataRequest,
): Promise<Uint8Array | 'absent'> {
  const origin = originOf({ role: request.role, repository: repository.name });
  const received = await fetchOrExplain(repository, request);
  if (received === 'absent' || received.byteLength <= request.maxBytes) return received;
  throw new MetadataError(
    'OversizedMetadata',
    `${roleTitle(request.role)} is longer than ${request.maxBytes} bytes.`,
    origin,
  );
}

// "Could not ask" must not pass for "there is none": an attacker would hide a new Root that way.
async function fetchOrExplain(
  repository: Repository,
  request: MetadataRequest,
): Promise<Uint8Array | 'absent'> {
  try {
    return await repository.source.fetch(request);
  } catch (cause) {
    if (cause instanceof CodedError && (cause instanceof MetadataError || cause.family === 'StorageError'))
      throw cause;
    const text = `${roleTitle(request.role)} could not be fetched from ${titleOf(repository.name)}.`;
    const origin = originOf({ role: request.role, repository: repository.name });
    throw new MetadataError('MetadataFetchFailure', text, { ...origin, cause });
  }
}
