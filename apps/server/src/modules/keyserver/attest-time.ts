// The time, signed for the one device that asks: it has just made up the nonce, so no older answer fits. The key is for
// this alone, and the asker chooses nothing of what is signed but the digits of the nonce.
// Source: Uptane Standard #time_server; extensions "Attested time"
import { attestedTime, instantFromMs, signEnvelope } from '@ota-connect/uptane';
import type { Context } from '../../platform/context.ts';
import { RequestError } from '../../platform/http/problem.ts';
import { keysOf, signerOf } from './root-document.ts';
import { activeKeys, type RepositoryRef } from './store.ts';

/** Canonical bytes of the envelope. Throws RequestError `role_keys_not_found`, and BuildError for what is no nonce. */
export async function attestTime(ctx: Context, environment: string, nonce: string): Promise<Uint8Array> {
  const director: RepositoryRef = { environment, repository: 'director' };
  const keys = keysOf(await activeKeys(ctx.db, director), 'time');
  if (keys.length === 0) throw new RequestError('role_keys_not_found', 'This Director has no key for times.');
  const signers = keys.map((key) => signerOf(ctx, director, key));
  const time = instantFromMs(ctx.clock.now());
  return signEnvelope(attestedTime({ time, nonce }), signers);
}
