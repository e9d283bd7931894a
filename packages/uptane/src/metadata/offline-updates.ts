// View of a lockbox: images for hardware, signed by the Director once for every vehicle that the medium will reach. It
// delegates to nobody. client-protocol 12.2
import { readHeader, type Header } from './common.ts';
import { refusingMalformed, type DocumentOrigin, type Envelope } from './envelope.ts';
import { readTargetTable, type TargetTable } from './target-table.ts';
import { MetadataError } from '../errors.ts';
import { readObject, readOptional } from '../json/decode.ts';
import { findMembers, readObjectView } from '../json/json-view.ts';
import { isJsonObject, jsonObject, member, type JsonObject } from '../json/value.ts';

export type OfflineUpdates = Header & {
  readonly targets: TargetTable;
  /** `custom` of the document itself; empty when there is none. */
  readonly custom: JsonObject;
};

export const OFFLINE_UPDATES: DocumentOrigin = { role: 'offline-updates', repository: 'director' };

/** @throws MetadataError SecurityException, DirectorDelegation */
export function parseOfflineUpdates(envelope: Envelope): OfflineUpdates {
  return refusingMalformed(OFFLINE_UPDATES, () => {
    const { signed, signedView } = envelope;
    if (delegates(signed)) {
      throw new MetadataError('DirectorDelegation', 'The lockbox delegates, which it must not.', {
        role: 'Offline-Updates',
        repository: 'director',
      });
    }
    return {
      ...readHeader(signed),
      targets: readTargetTable(
        readObjectView(findMembers(signedView, ['targets']).get('targets'), 'targets'),
      ),
      custom: readOptional(signed, 'custom', readObject) ?? jsonObject([]),
    };
  });
}

function delegates(signed: JsonObject): boolean {
  const delegations = member(signed, 'delegations');
  if (!isJsonObject(delegations)) return delegations !== undefined && delegations !== null;
  const roles = member(delegations, 'roles') ?? [];
  return !Array.isArray(roles) || roles.length > 0 || member(delegations, 'multiRole') !== undefined;
}
