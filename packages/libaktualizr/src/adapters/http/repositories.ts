// The repositories of a device and where their images lie: the Director and the Image repository of the configuration, or
// those of a repository mapping, each with its addresses in order. client-protocol 1.1; Uptane Standard #repo_mapping_meta.
import type { MetadataSource, MetadataStore, RepositoryMapping } from '@ota-connect/uptane';
import type { Storage } from '../../ports.ts';
import type { StepContext } from '../../steps/context.ts';
import type { AddressesOf } from '../package-managers/image-places.ts';
import type { HttpClient } from './client.ts';
import { fallBackSource, type OnPassedOver } from './fall-back.ts';
import { createHttpMetadataSource } from './metadata-source.ts';

export type RepositoryOptions = {
  readonly http: HttpClient;
  readonly storage: Pick<Storage, 'metadata' | 'etags'>;
  /** uptane.director_server and uptane.repo_server; a mapping takes their place. */
  readonly directorServer: string;
  readonly repoServer: string;
  readonly mapping?: RepositoryMapping | undefined;
  readonly stop?: AbortSignal;
  readonly onPassedOver?: OnPassedOver;
};

export type Repositories = Pick<StepContext, 'directorSource' | 'imageSource' | 'mapped'> & {
  readonly addressesOf: AddressesOf;
};

const DIRECTOR = 'director';

export function createRepositories(options: RepositoryOptions): Repositories {
  const { storage, directorServer, repoServer, mapping } = options;
  const { director, image, further } = storage.metadata;
  const configured = {
    directorSource: sourceOf(options, { name: DIRECTOR, store: director }, [directorServer]),
    imageSource: sourceOf(options, { name: 'image', store: image }, [repoServer]),
    addressesOf: () => [[repoServer]],
  };
  if (mapping === undefined) return configured;
  const others = [...mapping.repositories].filter(([name]) => name !== DIRECTOR);
  const sources = others.map(([name, urls]): [string, MetadataSource] => [
    name,
    sourceOf(options, { name: 'image', store: name === 'image' ? image : further(name) }, urls),
  ]);
  const directorUrls = mapping.repositories.get(DIRECTOR) ?? [directorServer];
  return {
    ...configured,
    directorSource: sourceOf(options, { name: DIRECTOR, store: director }, directorUrls),
    mapped: { mapping, sources: new Map(sources) },
    addressesOf: ({ repositories = others.map(([name]) => name) }) =>
      repositories.map((name) => mapping.repositories.get(name) ?? []),
  };
}

type Place = { readonly name: 'director' | 'image'; readonly store: MetadataStore };

function sourceOf(
  { http, storage: { etags }, stop, mapping, onPassedOver }: RepositoryOptions,
  { name, store }: Place,
  urls: readonly string[],
): MetadataSource {
  const sources = urls.map((baseUrl) => {
    // Each address has ETags of its own: equal ones of two servers need not mean equal files.
    const etagScope = mapping === undefined ? name : baseUrl;
    return createHttpMetadataSource(http, { name, baseUrl, store, etags, etagScope }, stop);
  });
  return fallBackSource(sources, onPassedOver);
}
