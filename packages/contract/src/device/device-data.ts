// What a device tells about itself beside its manifest. The hardware description is free JSON and has no decoder.
// Source: client-protocol 3.9
import { readFields, readList, readOptionalText, readText } from '../decode.ts';

export type InstalledPackage = { readonly name: string; readonly version: string };

export type NetworkInfo = {
  readonly local_ipv4: string;
  readonly mac: string;
  readonly hostname: string;
};

export function decodeInstalledPackages(value: unknown): readonly InstalledPackage[] {
  return readList(value, '').map((entry, index) => {
    const fields = readFields(entry, `[${index}]`);
    return {
      name: readText(fields, 'name', `[${index}]`),
      version: readOptionalText(fields, 'version', `[${index}]`) ?? '',
    };
  });
}

/** A device without a default route sends empty texts. */
export function decodeNetworkInfo(value: unknown): NetworkInfo {
  const fields = readFields(value, '');
  return {
    local_ipv4: readOptionalText(fields, 'local_ipv4', '') ?? '',
    mac: readOptionalText(fields, 'mac', '') ?? '',
    hostname: readOptionalText(fields, 'hostname', '') ?? '',
  };
}
