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

export type DeviceSummary = {
  readonly deviceId: string | null;
  readonly provisioned: boolean;
  readonly fetchedMetadata: boolean;
  readonly primary: {
    readonly serial: string | null;
    readonly hardwareId: string;
    readonly current: Image | null;
    readonly pending: Image | null;
  };
  readonly removedEcus: readonly { readonly serial: string; readonly hardwareId: string }[];
};

export function summarize(storage: SqliteStorage, config: Config): DeviceSummary {
  const registered = storage.identity.ecus().find((ecu) => ecu.isPrimary);
  const key = storage.identity.primaryKey();
  const configured =
    config.provision.primaryEcuSerial || (key === undefined ? undefined : clientKeyId(key.publicKey));
  const serial = registered?.serial ?? configured ?? null;
  return {
    deviceId: storage.identity.deviceId() ?? null,
    provisioned: storage.identity.isRegistered(),
    fetchedMetadata: hasMetadata(storage),
    primary: {
      serial,
      hardwareId: registered?.hardwareId ?? (config.provision.primaryEcuHardwareId || hostname()),
      current: imageOf(registered && storage.installations.current(registered.serial)),
      pending: imageOf(registered && storage.installations.pending(registered.serial)),
    },
    removedEcus: storage.inspection.removedEcus(),
  };
}

export function hasMetadata(storage: SqliteStorage): boolean {
  return storage.metadata.director.load('root') !== undefined;
}

export function summaryLines({
  deviceId,
  provisioned,
  fetchedMetadata,
  primary,
  removedEcus,
}: DeviceSummary): readonly string[] {
  return [
    `Device ID: ${deviceId ?? 'not known yet'}`,
    `Primary ECU serial ID: ${primary.serial ?? 'not known yet'}`,
    `Primary ECU hardware ID: ${primary.hardwareId}`,
    `Provisioned on server: ${yesOrNo(provisioned)}`,
    `Fetched metadata: ${yesOrNo(fetchedMetadata)}`,
    ...imageLines('Current', primary.current),
    ...imageLines('Pending', primary.pending),
    ...removedEcus.map((ecu) => `Removed ECU: ${ecu.serial} (${ecu.hardwareId})`),
  ];
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
