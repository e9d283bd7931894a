// Whose certificate is this? Answers for the gateway, by fingerprint.
import type { Context } from '../../platform/context.ts';
import type { PeerIdentity } from '../../platform/http/authenticate-device.ts';
import { credentialsByFingerprint, deviceCertificate } from './store.ts';

export async function findPeer(ctx: Context, fingerprint: string): Promise<PeerIdentity | undefined> {
  const device = await deviceCertificate(ctx.db, fingerprint);
  if (device) {
    const { environment } = device;
    return { kind: 'device', environment, uuid: device.device_uuid, deviceId: device.device_id };
  }
  const shared = await credentialsByFingerprint(ctx.db, fingerprint);
  if (!shared) return undefined;
  return {
    kind: 'provisioning',
    environment: shared.environment,
    credentialsId: shared.id,
    expiresAt: shared.expires_at,
    isRevoked: shared.revoked_at !== null,
  };
}
