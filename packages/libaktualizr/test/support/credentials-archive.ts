// credentials.zip as a server of a test hands it out. client-protocol 9.
import { zipSync } from 'fflate';
import type { Issued } from './certificates.ts';
import { openPkcs12 } from './pkcs12.ts';

export type ArchivePlan = {
  readonly gatewayUrl: string;
  /** Left out of an archive that was used up. */
  readonly shared?: Issued;
  readonly serverCa: string;
};

export function credentialsArchive({ gatewayUrl, shared, serverCa }: ArchivePlan): Uint8Array {
  return zipSync({
    'autoprov.url': Buffer.from(gatewayUrl),
    ...(shared === undefined ? {} : { 'autoprov_credentials.p12': openPkcs12(shared) }),
    'server_ca.pem': Buffer.from(serverCa),
  });
}
