// The [network] section for the HTTP client: proxy, limits, what has stalled, whom the device's certificate is for.
import type { HttpClient, HttpOptions } from '../adapters/http/client.ts';
import { hostOf } from '../adapters/http/redirects.ts';
import { readProxy } from '../adapters/http/proxy.ts';
import type { Config } from '../config/config.ts';
import { readRepositoryMap } from '../config/repository-map.ts';
import type { Network } from '../ports.ts';

type NetworkOptions = Pick<
  HttpOptions,
  | 'minBytesPerSecond'
  | 'windowMs'
  | 'parallelTransfers'
  | 'bytesPerSecond'
  | 'proxy'
  | 'requireStaple'
  | 'ownHosts'
>;

export function networkOptions(config: Config): NetworkOptions {
  const { network } = config;
  return {
    minBytesPerSecond: network.stallBytesPerSecond,
    windowMs: network.stallWindowSec * 1000,
    parallelTransfers: network.parallelDownloads,
    bytesPerSecond: network.curlBandwidth,
    proxy: { url: network.curlProxy, noProxy: network.noProxy },
    requireStaple: network.useOscp,
    ownHosts: ownHosts(config),
  };
}

/** Of the client that everything but the first provisioning goes through. */
export function createNetwork(http: HttpClient, { network }: Config): Network {
  const { noProxy } = network;
  return {
    useProxy(proxy) {
      if (proxy !== undefined) readProxy(proxy, 'The proxy');
      http.useProxy(proxy === undefined ? { url: network.curlProxy, noProxy } : { ...proxy, noProxy });
    },
    setDownloadBandwidth: (bytesPerSecond) => http.rate.set(bytesPerSecond),
  };
}

/** The servers that the configuration names: the device's certificate is for these alone (docs/adr/0020). */
function ownHosts(config: Config): ReadonlySet<string> {
  const { tls, provision, uptane, pacman } = config;
  const mapped = [...(readRepositoryMap(config)?.repositories.values() ?? [])].flat();
  const urls = [
    tls.server,
    provision.server,
    provision.ecuRegistrationEndpoint,
    uptane.directorServer,
    uptane.repoServer,
    pacman.ostreeServer,
    ...mapped,
  ];
  return new Set(urls.map((url) => hostOf(url)).filter((host) => host !== ''));
}
