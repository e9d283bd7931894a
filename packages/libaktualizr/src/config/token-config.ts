// What of [p11] belongs together: which keys the configuration places in a token, and what is then missing or contradicts.
// client-features CFG-02 to -12, CFG-25
import { ConfigError } from '../errors.ts';
import type { Config } from './config.ts';

type Place = { readonly source: string; readonly idKey: string; readonly id: string };

export function placesInToken({ tls, uptane, p11 }: Config): readonly Place[] {
  const places = [
    { is: tls.caSource, source: 'tls.ca_source', idKey: 'p11.tls_cacert_id', id: p11.tlsCacertId },
    {
      is: tls.certSource,
      source: 'tls.cert_source',
      idKey: 'p11.tls_clientcert_id',
      id: p11.tlsClientcertId,
    },
    { is: tls.pkeySource, source: 'tls.pkey_source', idKey: 'p11.tls_pkey_id', id: p11.tlsPkeyId },
    { is: uptane.keySource, source: 'uptane.key_source', idKey: 'p11.uptane_key_id', id: p11.uptaneKeyId },
  ];
  return places.filter(({ is }) => is === 'pkcs11');
}

/** The mode is the configured one: what it resolves to depends on provision_path alone. */
export function tokenProblems(config: Config): readonly ConfigError[] {
  const places = placesInToken(config);
  const [first] = places;
  if (first === undefined) return [];
  const { mode } = config.provision;
  const problems: string[] = [];
  if (config.p11.module === '')
    problems.push(`${first.source} is "pkcs11", so p11.module has to name the library of the token`);
  for (const { source, idKey, id } of places) {
    if (id === '') problems.push(`${source} is "pkcs11", so ${idKey} has to say which object it is`);
    else if (!/^([0-9a-f]{2})+$/i.test(id))
      problems.push(`${idKey} "${id}" is no id in hexadecimal, two digits a byte`);
  }
  if (config.tls.pkeySource === 'pkcs11' && (mode === 'SharedCred' || mode === 'SharedCredReuse'))
    problems.push(
      'tls.pkey_source is "pkcs11", yet with shared credentials (provision.provision_path) the server makes the key: use device credentials',
    );
  if (config.uptane.keySource === 'pkcs11' && config.uptane.keyType === 'ED25519')
    problems.push(
      'uptane.key_type "ED25519" is not supported with uptane.key_source "pkcs11"; it can be an RSA one',
    );
  return problems.map((text) => new ConfigError('bad_value', `${text}.`));
}
