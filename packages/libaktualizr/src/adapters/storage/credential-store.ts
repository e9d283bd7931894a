// The TLS identity of the device: PEM texts as BLOBs, the format columns left NULL as the original leaves them.
// client-protocol 10.1.
import type { CredentialStore, TlsCredentials } from '../../ports.ts';
import { bytesOf } from './database.ts';
import type { Connection } from './database.ts';

export function credentialStore(db: Connection): CredentialStore {
  // One object as long as nothing changes: the HTTP client keeps its connection while it sees the same one.
  let known: TlsCredentials | undefined;
  return {
    tls: () => (known ??= complete(load(db))),
    parts: () => load(db),
    saveTls: ({ ca, certificate, privateKey }) => {
      known = undefined;
      db.transaction(() => {
        db.run('DELETE FROM tls_creds');
        const sql = 'INSERT INTO tls_creds(ca_cert, client_cert, client_pkey) VALUES(?, ?, ?)';
        db.run(sql, blob(ca), blob(certificate), blob(privateKey));
      });
    },
  };
}

function load(db: Connection): Partial<TlsCredentials> {
  const row = db.get('SELECT ca_cert, client_cert, client_pkey FROM tls_creds LIMIT 1');
  const part = (name: keyof TlsCredentials, column: string): [string, string][] => {
    const pem = Buffer.from(bytesOf(row, column) ?? []).toString('utf8');
    return pem === '' ? [] : [[name, pem]];
  };
  return Object.fromEntries([
    ...part('ca', 'ca_cert'),
    ...part('certificate', 'client_cert'),
    ...part('privateKey', 'client_pkey'),
  ]);
}

function complete({ ca, certificate, privateKey }: Partial<TlsCredentials>): TlsCredentials | undefined {
  return ca === undefined || certificate === undefined || privateKey === undefined
    ? undefined
    : { ca, certificate, privateKey };
}

/** The original leaves NULL where it has nothing. */
function blob(pem: string | undefined): Buffer | null {
  return pem ? Buffer.from(pem) : null;
}
