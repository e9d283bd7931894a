// The identity that the server knows, made when it is missing, renewed when it ends. Every verb that talks to the server asks for it first.
import { provision } from '../provisioning/provision.ts';
import { createRenewal } from '../provisioning/renew-certificate.ts';
import type { Parts } from './parts.ts';
import type { Server } from './server.ts';

export function createProvisioning(parts: Parts, { gateway, sharedGateway }: Server): () => Promise<void> {
  const { config, storage, clock, primary, secondaries, log, tokenSignature } = parts;
  const renewIfDue = createRenewal({
    config,
    storage,
    clock,
    gateway,
    gatewayAs: sharedGateway,
    log,
    ...(tokenSignature === undefined ? {} : { tokenSignature }),
  });
  return async () => {
    const outcome = await provision({
      config,
      storage,
      clock,
      gateway,
      primary,
      sharedGateway,
      secondaries: () => secondaries.all().map(({ identity }) => identity),
    });
    if (outcome === 'provisioned')
      log('info', `Provisioned as ${storage.identity.deviceId()}, Primary ${primary.serial}.`);
    else await renewIfDue();
  };
}
