// The identity that the server knows, made when it is missing, renewed when it ends, and the first Roots that go with it.
// Every verb that talks to the server asks for them first.
import { ensureFirstRoots, type RootPlace } from '../provisioning/first-roots.ts';
import { provision } from '../provisioning/provision.ts';
import type { Repositories } from '../adapters/http/repositories.ts';
import { createRenewal } from '../provisioning/renew-certificate.ts';
import type { Parts } from './parts.ts';
import type { Server } from './server.ts';

const DIRECTOR = { title: 'Director', name: 'director', file: 'director/root.json' } as const;
const IMAGE = { title: 'Image repository', name: 'image', file: 'repo/root.json' } as const;

export function createProvisioning(
  parts: Parts,
  { gateway, sharedGateway, repositories }: Server,
): () => Promise<void> {
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
  const places = rootPlaces(parts, repositories);
  let hasRoots = false;
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
    hasRoots ||= (await ensureFirstRoots(config, places, log)) === 'all there';
  };
}

function rootPlaces(
  { storage: { metadata } }: Parts,
  { directorSource, imageSource, mapped }: Repositories,
): readonly RootPlace[] {
  const director = { ...DIRECTOR, store: metadata.director, source: directorSource };
  const image = { ...IMAGE, store: metadata.image };
  if (mapped === undefined) return [director, { ...image, source: imageSource }];
  const others = Array.from(mapped.sources, ([name, source]): RootPlace =>
    name === 'image'
      ? { ...image, source }
      : {
          title: `repository ${name}`,
          name: 'image',
          store: metadata.further(name),
          source,
          file: undefined,
        },
  );
  return [director, ...others];
}
