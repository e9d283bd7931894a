// Single things that aktualizr-info prints on request: credentials, keys, stored metadata. Private keys are printed
// because the person asks for them by name, as in the original. INF-03 to INF-09.
import { clientKeyId } from '@ota-connect/uptane';
import type { TopLevelRole } from '@ota-connect/uptane';
import type { SqliteStorage } from '@ota-connect/libaktualizr/adapters/storage/sqlite-storage';

import type { InfoArguments, InfoOption } from './info-arguments.ts';

/** `text` undefined: the device does not have it. */
export type StoredItem = {
  readonly option: InfoOption;
  readonly title: string;
  readonly text: string | undefined;
  readonly isMetadata: boolean;
};

const TLS_PARTS = [
  ['tls-root-ca', 'TLS CA certificate', 'ca'],
  ['tls-cert', 'TLS certificate', 'certificate'],
  ['tls-prv-key', 'TLS private key', 'privateKey'],
] as const;

const METADATA: readonly (readonly [InfoOption, 'director' | 'image', TopLevelRole])[] = [
  ['director-root', 'director', 'root'],
  ['director-timestamp', 'director', 'timestamp'],
  ['director-snapshot', 'director', 'snapshot'],
  ['director-targets', 'director', 'targets'],
  ['image-root', 'image', 'root'],
  ['image-timestamp', 'image', 'timestamp'],
  ['image-snapshot', 'image', 'snapshot'],
  ['image-targets', 'image', 'targets'],
];

/** What the options ask for, in a fixed order. Empty: no single thing was asked for. */
export function requestedItems(
  storage: SqliteStorage,
  { flags, rootVersion }: InfoArguments,
): readonly StoredItem[] {
  const items: StoredItem[] = [];
  const add = (option: InfoOption, title: string, text: string | undefined, isMetadata = false): void => {
    items.push({ option, title, text, isMetadata });
  };
  if (flags.has('name-only')) add('name-only', 'Device ID', storage.identity.deviceId());
  const tls = storage.credentials.tls() ?? storage.credentials.parts();
  for (const [option, title, part] of TLS_PARTS) {
    if (flags.has(option) || flags.has('tls-creds')) add(option, title, tls[part] || undefined);
  }
  const key = storage.identity.primaryKey();
  const keyId = key === undefined ? undefined : clientKeyId(key.publicKey);
  if (flags.has('ecu-keyid') || flags.has('ecu-keys')) add('ecu-keyid', 'Uptane key id', keyId);
  if (flags.has('ecu-pub-key') || flags.has('ecu-keys'))
    add('ecu-pub-key', 'Uptane public key', key?.publicKey.keyval.public);
  if (flags.has('ecu-prv-key') || flags.has('ecu-keys'))
    add('ecu-prv-key', 'Uptane private key', key?.privateKey || undefined);
  for (const [option, repository, role] of METADATA) {
    if (!flags.has(option)) continue;
    const store = storage.metadata[repository];
    const bytes =
      role === 'root' && rootVersion !== undefined ? store.loadRoot(rootVersion) : store.load(role);
    add(option, option, textOf(bytes), true);
  }
  if (flags.has('delegation')) addDelegations(storage, items);
  return items;
}

function addDelegations(storage: SqliteStorage, items: StoredItem[]): void {
  const delegations = storage.inspection.delegations();
  for (const { role, bytes } of delegations)
    items.push({ option: 'delegation', title: role, text: textOf(bytes), isMetadata: true });
  if (delegations.length === 0)
    items.push({ option: 'delegation', title: 'delegations', text: undefined, isMetadata: true });
}

function textOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : Buffer.from(bytes).toString('utf8');
}
