// The summary of a device, as data (for --json) and as lines. INF-01, INF-08.
import { hostname } from 'node:os';

import { clientKeyId } from '@ota-connect/uptane';
import type { SqliteStorage } from '@ota-connect/libaktualizr/adapters/storage/sqlite-storage';
import type { Config } from '@ota-connect/libaktualizr/config/config';
import type { InstalledVersion } from '@ota-connect/libaktualizr/ports';

type Image = {
  readonly name: string;
  readonly sha256: string | null;
  readonly lengthBytes: number;
  readonly correlationId: string;
};

/** `keyId` and `publicKey` with --secondary-keys alone. */
type SecondarySummary = {
  readonly serial: string;
  readonly hardwareId: string;
  readonly type: string | null;
  readonly current: Image | null;
  readonly pending: Image | null;
  readonly keyId?: string | null;
  readonly publicKey?: string | null;
};

export type DeviceSummary = {
  /** What the database is of: a Primary, or a Secondary that runs on its own. */
  readonly ecu: 'primary' | 'secondary';
  readonly deviceId: string | null;
  readonly provisioned: boolean;
  readonly fetchedMetadata: boolean;
  readonly primary: {
    readonly serial: string | null;
    readonly hardwareId: string;
    readonly current: Image | null;
    readonly pending: Image | null;
  };
  readonly secondaries: readonly SecondarySummary[];
  readonly removedEcus: readonly { readonly serial: string; readonly hardwareId: string }[];
};

/** `withKeys`: those of the Secondaries. */
export function summarize(storage: SqliteStorage, config: Config, withKeys = false): DeviceSummary {
  const registered = storage.identity.ecus().find((ecu) => ecu.isPrimary);
  const key = storage.identity.primaryKey();
  const configured =
    config.provision.primaryEcuSerial || (key === undefined ? undefined : clientKeyId(key.publicKey));
  const serial = registered?.serial ?? configured ?? null;
  return {
    ecu: isOfSecondary(storage, config) ? 'secondary' : 'primary',
    deviceId: storage.identity.deviceId() ?? null,
    provisioned: storage.identity.isRegistered(),
    fetchedMetadata: hasMetadata(storage),
    primary: {
      serial,
      hardwareId: registered?.hardwareId ?? (config.provision.primaryEcuHardwareId || hostname()),
      current: imageOf(registered && storage.installations.current(registered.serial)),
      pending: imageOf(registered && storage.installations.pending(registered.serial)),
    },
    secondaries: secondariesOf(storage, withKeys),
    removedEcus: storage.inspection.removedEcus(),
  };
}

/** Who has neither a name nor TLS credentials, nor a server to get them from, is no Primary. client-features INF-13 */
function isOfSecondary({ identity, credentials }: SqliteStorage, { tls }: Config): boolean {
  const hasTls = Object.keys(credentials.parts()).length > 0;
  return identity.deviceId() === undefined && !hasTls && tls.server === '';
}

/** As they are registered; those that are not, but known, after them. */
function secondariesOf(storage: SqliteStorage, withKeys: boolean): readonly SecondarySummary[] {
  const stored = new Map(storage.secondaries.all().map((one) => [one.serial, one]));
  const registered = storage.identity.ecus().filter((ecu) => !ecu.isPrimary);
  const serials = new Set([...registered.map(({ serial }) => serial), ...stored.keys()]);
  return Array.from(serials, (serial) => {
    const known = stored.get(serial);
    const key = known?.publicKey;
    return {
      serial,
      hardwareId: registered.find((ecu) => ecu.serial === serial)?.hardwareId ?? '',
      type: known?.type ?? null,
      current: imageOf(storage.installations.current(serial)),
      pending: imageOf(storage.installations.pending(serial)),
      ...(withKeys ? { keyId: key ? clientKeyId(key) : null, publicKey: key?.keyval.public ?? null } : {}),
    };
  });
}

export function hasMetadata(storage: SqliteStorage): boolean {
  return storage.metadata.director.load('root') !== undefined;
}

export function summaryLines(summary: DeviceSummary): readonly string[] {
  const { ecu, deviceId, provisioned, fetchedMetadata, primary, secondaries, removedEcus } = summary;
  const title = ecu === 'primary' ? 'Primary' : 'Secondary';
  return [
    ...(ecu === 'primary' ? [`Device ID: ${deviceId ?? 'not known yet'}`] : []),
    `${title} ECU serial ID: ${primary.serial ?? 'not known yet'}`,
    `${title} ECU hardware ID: ${primary.hardwareId}`,
    ...(ecu === 'primary' ? [`Provisioned on server: ${yesOrNo(provisioned)}`] : []),
    `Fetched metadata: ${yesOrNo(fetchedMetadata)}`,
    ...imageLines('Current', primary.current),
    ...imageLines('Pending', primary.pending),
    ...secondaries.flatMap(secondaryLines),
    ...removedEcus.map((removed) => `Removed ECU: ${removed.serial} (${removed.hardwareId})`),
  ];
}

function secondaryLines(secondary: SecondarySummary): readonly string[] {
  const { serial, hardwareId, type, keyId, publicKey, current, pending } = secondary;
  return [
    `Secondary ECU serial ID: ${serial}`,
    `Secondary ECU hardware ID: ${hardwareId || 'not registered'}`,
    ...(type === null || type === '' ? [] : [`Secondary ECU type: ${type}`]),
    ...(keyId === undefined ? [] : [`Secondary public key ID: ${keyId ?? 'not known'}`]),
    // PEM is several lines; what is printed here is one.
    ...(publicKey === undefined ? [] : [`Secondary public key: ${publicKey ?? 'not known'}`]),
    ...imageLines('Current', current),
    ...imageLines('Pending', pending),
  ].map((line, index) => (index === 0 ? line : `  ${line}`));
}

function imageOf(version: InstalledVersion | undefined): Image | null {
  if (version === undefined) return null;
  const { name, hashes, lengthBytes, correlationId } = version;
  return { name, sha256: hashes.sha256 ?? null, lengthBytes, correlationId };
}

function imageLines(which: 'Current' | 'Pending', image: Image | null): readonly string[] {
  if (image === null) return [`${which} image: none`];
  const lines = [`${which} image: ${image.name}`, `${which} image sha256: ${image.sha256 ?? 'not known'}`];
  return image.correlationId === ''
    ? lines
    : [...lines, `${which} image correlation ID: ${image.correlationId}`];
}

function yesOrNo(value: boolean): string {
  return value ? 'yes' : 'no';
}
