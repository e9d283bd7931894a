// What goes through the one TLS connection: the gateway, the repositories, the images; and what is asked with shared
// credentials before there is an identity of the device's own. Nothing here touches the network by itself.
import { createHttpGateway } from '../adapters/http/gateway.ts';
import { HttpClient } from '../adapters/http/client.ts';
import { createRepositories, type Repositories } from '../adapters/http/repositories.ts';
import type { OnPassedOver } from '../adapters/http/fall-back.ts';
import { readRepositoryMap } from '../config/repository-map.ts';
import type { Gateway, TlsCredentials } from '../ports.ts';
import { tellPassedOver } from '../reports/passed-over.ts';
import manifest from '../../package.json' with { type: 'json' };
import { networkOptions } from './network.ts';
import { DeviceTime } from '../time/device-time.ts';
import type { Parts } from './parts.ts';

export type Server = {
  readonly http: HttpClient;
  readonly gateway: Gateway;
  /** The gateway for other credentials than the stored ones: those that all devices share, or the next of this one. */
  readonly sharedGateway: (shared: TlsCredentials) => Gateway;
  readonly repositories: Repositories;
  /** What the connections judge certificates by, and verification judges metadata by. */
  readonly time: DeviceTime;
  readonly onPassedOver: OnPassedOver;
};

export function connectServer({ config, options, storage, clock, log, queue }: Parts): Server {
  const { userAgent = `Aktualizr/${manifest.version}` } = options;
  const time = new DeviceTime({
    clock,
    store: storage.time,
    director: storage.metadata.director,
    gateway: { attestedTime: (nonce) => gateway.attestedTime(nonce) },
    log,
  });
  const client = (credentials: () => TlsCredentials | undefined) =>
    new HttpClient({
      credentials,
      userAgent,
      stop: () => queue.runningSignal(),
      time,
      ...networkOptions(config),
    });
  const urls = {
    gateway: config.tls.server,
    provisioning: config.provision.server,
    director: config.uptane.directorServer,
    ecuRegistration: config.provision.ecuRegistrationEndpoint,
  };
  const gatewayOver = (over: HttpClient) => createHttpGateway(over, urls, config.provision.expiryDays);
  const http = client(() => storage.credentials.tls());
  const gateway = gatewayOver(http);
  const onPassedOver = tellPassedOver(storage, () => clock.now(), log);
  const repositories = createRepositories({
    http,
    storage,
    onPassedOver,
    directorServer: config.uptane.directorServer,
    repoServer: config.uptane.repoServer,
    mapping: readRepositoryMap(config),
  });
  return {
    http,
    gateway,
    sharedGateway: (shared) => gatewayOver(client(() => shared)),
    repositories,
    onPassedOver,
    time,
  };
}
