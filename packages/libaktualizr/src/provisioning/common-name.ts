// The common name of a device's certificate: the name that the gateway knows the device by. client-protocol 1.2
import { X509Certificate } from 'node:crypto';

/** Of the first certificate of a PEM text. @throws Error for one that cannot be read */
// Not through toLegacyObject: called before node:tls is loaded, it leaves Node 26.10 without a working node:https.
export function commonName(certificate: string): string | undefined {
  const lines = new X509Certificate(certificate).subject.split('\n');
  const name = lines.find((line) => line.startsWith('CN='))?.slice('CN='.length);
  return name?.replace(/\\(.)/g, '$1') || undefined;
}
