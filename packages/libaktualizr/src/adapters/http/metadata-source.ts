// A repository's metadata over HTTP, asked for conditionally: what is stored and still current is not sent again.
// An ETag is kept together with the hash of the bytes that it came with, and used only while exactly those bytes are
// stored; so an answer that was refused can never come back as "not modified". client-protocol 3.3, 3.4.
import {
  MetadataError,
  metadataPath,
  roleTitle,
  sha256Hex,
  type MetadataSource,
  type MetadataStore,
  type StoredRole,
} from '@ota-connect/uptane';
import type { EtagStore } from '../../ports.ts';
import { TransportError } from '../../errors.ts';
import type { HttpClient, HttpRequest, HttpResponse } from './client.ts';
import { expectNoPage, httpStatus, isOk } from './gateway.ts';

export type HttpRepository = {
  readonly name: 'director' | 'image';
  /** uptane.director_server or uptane.repo_server; nothing is added but the file's name. */
  readonly baseUrl: string;
  readonly store: MetadataStore;
  readonly etags: EtagStore;
  /** Under which the ETags of this address are kept; the name when absent. */
  readonly etagScope?: string;
};

export function createHttpMetadataSource(
  http: HttpClient,
  repository: HttpRepository,
  signal?: AbortSignal,
): MetadataSource {
  return {
    async fetch({ role, version, maxBytes }) {
      const file = metadataPath(role, version);
      const url = `${repository.baseUrl}/${file}`;
      const key = `${repository.etagScope ?? repository.name}/${file}`;
      const stored = version === undefined ? repository.store.load(role) : undefined;
      const etag = stored === undefined ? undefined : matchingEtag(repository.etags.load(key), stored);
      const headers = etag === undefined ? {} : { 'If-None-Match': etag };
      const response = await get(
        http,
        { method: 'GET', url, headers, maxBytes },
        { role, repository: repository.name, signal },
      );
      if (response.status === 404 || response.status === 424) return 'absent';
      if (response.status === 304 && etag !== undefined && stored !== undefined) return stored;
      if (!isOk(response) || response.status === 304) throw httpStatus(response, url);
      expectNoPage(response, url);
      const received = response.headers.etag;
      if (version === undefined && received !== undefined) {
        repository.etags.save(key, `${sha256Hex(response.body)} ${received}`);
      }
      return response.body;
    },
  };
}

async function get(
  http: HttpClient,
  request: HttpRequest,
  context: {
    readonly role: StoredRole;
    readonly repository: 'director' | 'image';
    readonly signal: AbortSignal | undefined;
  },
): Promise<HttpResponse> {
  try {
    return await http.request(request, context.signal);
  } catch (error) {
    if (!(error instanceof TransportError) || error.details.tooLong !== true) throw error;
    throw new MetadataError('OversizedMetadata', error.message, {
      cause: error,
      role: roleTitle(context.role),
      repository: context.repository,
    });
  }
}

function matchingEtag(saved: string | undefined, stored: Uint8Array): string | undefined {
  if (saved === undefined) return undefined;
  const [hash, ...etag] = saved.split(' ');
  return hash === sha256Hex(stored) ? etag.join(' ') : undefined;
}
