// The TLS identity of the device: PEM texts as BLOBs, the format columns left NULL as the original leaves them.
// client-protocol 10.1.
import type { CredentialStore } from '../../ports.ts';
import { bytesOf } from './database.ts';
import type { Connection } from './database.ts';

export function credentialStore(db: Connection): CredentialStore {
  return {
    tls: () => {
      const row = db.get('SELECT ca_cert, client_cert, client_pkey FROM tls_creds LIMIT 1');
      const [ca, certificate, privateKey] = ['ca_cert', 'client_cert', 'client_pkey'].map((column) =>
        pemOf(bytesOf(row, column)),
      );
      if (!ca || !certificate || !privateKey) return undefined;
      return { ca, certificate, privateKey };
    },
    saveTls: ({ ca, certificate, privateKey }) =>
      db.transaction(() => {
        db.run('DELETE FROM tls_creds');
        const sql = 'INSERT INTO tls_creds(ca_cert, client_cert, client_pkey) VALUES(?, ?, ?)';
        db.run(sql, Buffer.from(ca), Buffer.from(certificate), Buffer.from(privateKey));
      }),
  };
}

function pemOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : Buffer.from(bytes).toString('utf8');
}
