// Tells the Director what is installed, how the last installation ended and which attacks were seen. Results and attacks
// are cleared only after the server has taken them, so that an answer that got lost leads to the same report once more.
// A poll leaves out what says nothing new. client-protocol 3.7; client-features W-01.
import type { JsonObject } from '@ota-connect/uptane';
import {
  assembleManifest,
  contentOf,
  gatherManifest,
  hasNews,
  type AssembledManifest,
} from '../manifest/assemble-manifest.ts';
import { TransportError } from '../errors.ts';
import type { StepContext } from './context.ts';

type Told = Pick<AssembledManifest, 'reported' | 'attacks'>;

/** @throws TransportError; the results stay for the next manifest */
export async function sendManifest(context: StepContext, custom?: JsonObject): Promise<void> {
  const facts = await gatherManifest(context, custom);
  const content = contentOf(facts);
  if (!hasNews(facts) && context.told.isYoung(content)) return;
  const { bytes, reported, attacks } = await assembleManifest(context, facts);
  try {
    await context.gateway.putManifest(bytes);
  } catch (error) {
    context.events.emit({ kind: 'PutManifestComplete', success: false });
    if (reported?.correlationId !== '' || !isRefusal(error)) throw error;
    // Strict servers refuse a whole manifest for a report without a correlation ID (client-protocol 14-28): better no
    // report than never a manifest again.
    context.log('warning', 'The server refuses a report that belongs to no update; it is dropped.');
    context.storage.installations.clearResults();
    return sendManifest(context, custom);
  }
  clearTold(context, { reported, attacks });
  context.told.save(content);
  context.events.emit({ kind: 'PutManifestComplete', success: true });
}

function clearTold({ storage }: StepContext, { reported, attacks }: Told): void {
  if (reported === undefined && attacks.length === 0) return;
  storage.transaction(() => {
    if (reported !== undefined) storage.installations.clearResults();
    storage.attacks.clear(attacks);
  });
}

function isRefusal(error: unknown): boolean {
  if (!(error instanceof TransportError) || error.code !== 'http_status') return false;
  const { status } = error.details;
  return typeof status === 'number' && status >= 400 && status < 500;
}
