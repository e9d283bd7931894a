// The TLS identity of the device: PEM texts as BLOBs, the format columns left NULL as the original leaves them.
// client-protocol 10.1.
import type { CredentialStore, TlsCredentials } from '../../ports.ts';
import { bytesOf } from './database.ts';
import type { Connection } from './database.ts';

export function credentialStore(db: Connection): CredentialStore {
  // One object as long as nothing changes: the HTTP client keeps its connection while it sees the same one.
  let known: TlsCredentials | undefined;
  return {
    tls: () => (known ??= load(db)),
    saveTls: ({ ca, certificate, privateKey }) => {
      known = undefined;
      db.transaction(() => {
        db.run('DELETE FROM tls_creds');
        const sql = 'INSERT INTO tls_creds(ca_cert, client_cert, client_pkey) VALUES(?, ?, ?)';
        db.run(sql, Buffer.from(ca), Buffer.from(certificate), Buffer.from(privateKey));
      });
    },
  };
}

function load(db: Connection): TlsCredentials | undefined {
  const row = db.get('SELECT ca_cert, client_cert, client_pkey FROM tls_creds LIMIT 1');
  const pem = (column: string): string => Buffer.from(bytesOf(row, column) ?? []).toString('utf8');
  const [ca, certificate, privateKey] = [pem('ca_cert'), pem('client_cert'), pem('client_pkey')];
  return ca === '' || certificate === '' || privateKey === '' ? undefined : { ca, certificate, privateKey };
}
