// A repository's metadata over plain HTTP: each file asked for when verification asks, and once.
import {
  MetadataError,
  metadataPath,
  roleTitle,
  type Dialect,
  type MetadataSource,
  type RepositoryName,
} from '@ota-connect/uptane';
import { below } from './address.ts';
import { httpGet, type Patience } from './http-get.ts';

export type HttpRepository = {
  readonly name: RepositoryName;
  readonly base: URL;
  readonly dialect: Dialect;
  readonly patience?: Patience;
};

export function httpSource({ name, base, dialect, patience }: HttpRepository): MetadataSource {
  return {
    async fetch({ role, version, maxBytes }) {
      const pieces: Uint8Array[] = [];
      const answer = await httpGet(below(base, metadataPath(role, version, dialect)), {
        maxBytes,
        write: (piece) => void pieces.push(piece),
        ...(patience === undefined ? {} : { patience }),
      });
      if (answer === 'absent') return answer;
      if (answer === 'whole') return Buffer.concat(pieces);
      throw new MetadataError('OversizedMetadata', `${roleTitle(role)} is longer than ${maxBytes} bytes.`, {
        role: roleTitle(role),
        repository: name,
      });
    },
  };
}
