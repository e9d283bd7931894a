// The next Root from the keys that are to be in it, signed by whom the chain asks.
// Source: Uptane Standard #root_role; server-protocol 5.1 (a year of validity), 6
import {
  addSeconds,
  createSigner,
  formatInstant,
  instantFromMs,
  nextRoot,
  repositoryKeyId,
  signEnvelope,
} from '@ota-connect/uptane';
import { generateKeyPair, type KeyId, type Signer } from '@ota-connect/uptane';
import type { Context } from '../../platform/context.ts';
import { oweFlush } from '../../platform/db/durability.ts';
import { RequestError } from '../../platform/http/problem.ts';
import type { RepositoryRef, RoleKey, RootRow, SigningRole } from './store.ts';

const ROOT_LIFETIME_S = 365 * 86_400;
const ROLES: readonly SigningRole[] = ['root', 'targets', 'snapshot', 'timestamp'];

/** What the next Root says and who signs it. */
export type RootPlan = {
  readonly version: number;
  readonly keys: readonly RoleKey[];
  readonly signers: readonly Signer[];
};

export async function buildRoot(ctx: Context, plan: RootPlan): Promise<RootRow> {
  const now = instantFromMs(ctx.clock.now());
  const expires = addSeconds(now, ROOT_LIFETIME_S);
  const signed = nextRoot({
    version: plan.version,
    expires,
    keys: new Map(plan.keys.map((key) => [key.keyId, key.publicKey])),
    roles: new Map(rolesOf(plan).map((role) => [role, { keyIds: keyIdsOf(plan.keys, role), threshold: 1 }])),
  });
  const document = await signEnvelope(signed, plan.signers);
  return { version: plan.version, document, expires_at: Date.parse(formatInstant(expires)) };
}

/** A fresh Ed25519 key, its private half sealed. */
export async function newRoleKey(ctx: Context, ref: RepositoryRef, role: SigningRole): Promise<RoleKey> {
  const { publicKey, privateKey } = await generateKeyPair('ED25519');
  const keyId = repositoryKeyId(publicKey);
  return { keyId, role, publicKey, sealedPrivateKey: ctx.vault.seal(purposeOf(ref, keyId), privateKey) };
}

/**
 * What is signed is served: whoever serves it waits for the disk (`flushed`), so that no version is given out twice.
 * Throws RequestError `role_keys_not_found` when the private half is not here.
 */
export function signerOf(ctx: Context, ref: RepositoryRef, key: RoleKey): Signer {
  if (key.sealedPrivateKey === null) {
    throw new RequestError(
      'role_keys_not_found',
      `The ${key.role} key of the ${ref.repository} repository is offline.`,
    );
  }
  const secret = ctx.vault.open(purposeOf(ref, key.keyId), key.sealedPrivateKey);
  // An attested time is stored nowhere, and no two answers contradict each other.
  if (key.role !== 'time') oweFlush(ctx.db);
  return createSigner(key.publicKey, secret, key.keyId);
}

export function keysOf(keys: readonly RoleKey[], role: SigningRole): readonly RoleKey[] {
  return keys.filter((key) => key.role === role);
}

/** The four that every Root has to have, and what else there are keys for. */
function rolesOf(plan: RootPlan): readonly SigningRole[] {
  return [...new Set([...ROLES, ...plan.keys.map((key) => key.role)])];
}

function keyIdsOf(keys: readonly RoleKey[], role: SigningRole): readonly KeyId[] {
  return keysOf(keys, role).map((key) => key.keyId);
}

function purposeOf(ref: RepositoryRef, keyId: KeyId): string {
  return `role-key:${ref.environment}:${ref.repository}:${keyId}`;
}
