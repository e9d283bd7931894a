import assert from 'node:assert/strict';
import { isAbsolute } from 'node:path';
import { describe, it } from 'node:test';
import { loadConfig } from './config.ts';

describe('configuration', () => {
  it('has a default for everything', () => {
    const config = loadConfig({});
    assert.equal(config.apiPort, 8080);
    assert.equal(config.gatewayPort, 8443);
    assert.equal(config.host, '127.0.0.1');
    assert.ok(isAbsolute(config.dataDir) && config.dataDir.endsWith('.ota-connect'));
  });

  it('takes the command line before the environment', () => {
    const env = {
      OTA_CONNECT_API_PORT: '1',
      OTA_CONNECT_GATEWAY_PORT: '2',
      OTA_CONNECT_HOST_NAMES: 'a.example, b',
    };
    const config = loadConfig({ apiPort: 3 }, env);
    assert.deepEqual([config.apiPort, config.gatewayPort], [3, 2]);
    assert.deepEqual(config.hostNames, ['a.example', 'b']);
  });

  it('names the setting that is wrong', () => {
    assert.throws(
      () => loadConfig({}, { OTA_CONNECT_API_PORT: '99999' }),
      /OTA_CONNECT_API_PORT must be a port/,
    );
    assert.throws(
      () => loadConfig({}, { OTA_CONNECT_LOG_LEVEL: 'loud' }),
      /OTA_CONNECT_LOG_LEVEL must be one of/,
    );
    assert.throws(() => loadConfig({ hostNames: ['a b'] }), /neither a host name nor an address/);
  });
});

describe('how many connections a listener takes', () => {
  it('is 10000, or as many as the environment says', () => {
    assert.equal(loadConfig({}).limits.maxConnections, 10_000);
    const config = loadConfig({}, { OTA_CONNECT_MAX_CONNECTIONS: '20' });
    assert.equal(config.limits.maxConnections, 20);
    for (const wrong of ['0', '-1', 'many', '', '1e3']) {
      const load = () => loadConfig({}, { OTA_CONNECT_MAX_CONNECTIONS: wrong });
      assert.throws(load, { code: 'bad_value' }, wrong);
    }
  });
});
