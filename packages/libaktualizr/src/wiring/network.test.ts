import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { HttpClient } from '../adapters/http/client.ts';
import { defaultConfig } from '../config/defaults.ts';
import { ConfigError } from '../errors.ts';
import { createNetwork, networkOptions } from './network.ts';

describe('section [network]', () => {
  const config = defaultConfig();

  it('is the client’s, key by key', () => {
    const network = {
      ...config.network,
      curlProxy: 'http://proxy:1',
      noProxy: 'localhost',
      curlBandwidth: 1000,
      parallelDownloads: 3,
      stallBytesPerSecond: 7,
      stallWindowSec: 9,
      useOscp: true,
    };
    const { ownHosts: _, ...options } = networkOptions({ ...config, network });
    assert.deepEqual(options, {
      minBytesPerSecond: 7,
      windowMs: 9000,
      parallelTransfers: 3,
      bytesPerSecond: 1000,
      proxy: { url: 'http://proxy:1', noProxy: 'localhost' },
      requireStaple: true,
    });
  });

  it('shows the certificate of the device to the servers that the configuration names', () => {
    const { tls, provision, uptane, pacman } = config;
    const named = {
      ...config,
      tls: { ...tls, server: 'https://gateway:8443' },
      provision: { ...provision, server: 'https://shared', ecuRegistrationEndpoint: 'https://ecus/x' },
      uptane: { ...uptane, directorServer: 'https://director/d', repoServer: 'https://repo/r' },
      pacman: { ...pacman, ostreeServer: 'https://treehub/' },
    };
    assert.deepEqual([...(networkOptions(named).ownHosts ?? [])].toSorted(), [
      'director',
      'ecus',
      'gateway',
      'repo',
      'shared',
      'treehub',
    ]);
  });

  it('changes while the client runs', () => {
    const http = new HttpClient({ credentials: () => undefined, userAgent: 'x', environment: {} });
    const network = createNetwork(http, config);
    network.setDownloadBandwidth(5000);
    assert.equal(http.rate.bytesPerSecond, 5000);
    assert.throws(() => network.useProxy({ url: 'socks5://jane:secret@x' }), ConfigError);
    network.useProxy({ url: 'http://proxy:1', user: 'jane' });
    assert.deepEqual(http.proxy, { url: 'http://proxy:1', user: 'jane', noProxy: '' });
    network.useProxy(undefined);
    assert.deepEqual(http.proxy, { url: '', noProxy: '' });
  });
});
