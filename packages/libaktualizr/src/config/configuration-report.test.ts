import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import { fixture, temporaryDirectory } from '../../test/temporary-directory.ts';
import { configurationReport } from './configuration-report.ts';
import type { Config } from './config.ts';
import { defaultConfig } from './defaults.ts';
import { loadConfig } from './load-toml.ts';

const CONTENT = `[logger]
loglevel = 0
[tls]
server = "https://localhost:30443"
server_url_path = "/var/sota/gateway.url"
[provision]
primary_ecu_serial = "CA:FE:A6:D2:84:9D"
primary_ecu_hardware_id = "primary_hw"
[uptane]
polling_sec = 1
[pacman]
type = "none"
[import]
tls_cacert_path = "root.crt"
tls_pkey_path = "pkey.pem"
tls_clientcert_path = "client.pem"
[bootloader]
reboot_sentinel_dir = "/var/sota/session"
reboot_command = "/bin/true"
`;

describe('configuration report', () => {
  it('is what the original sends, to the byte', async (test) => {
    const file = join(temporaryDirectory(test), 'sota.toml');
    writeFileSync(file, CONTENT);
    const { config } = await loadConfig({ paths: [file] });
    assert.equal(configurationReport(config), readFileSync(fixture('configuration-report.toml'), 'utf8'));
  });

  it('reads back as itself, the key that the original misspells too', async (test) => {
    const file = join(temporaryDirectory(test), 'sota.toml');
    writeFileSync(file, readFileSync(fixture('configuration-report.toml')));
    const { config, warnings } = await loadConfig({ paths: [file] });
    assert.equal(configurationReport(config), readFileSync(file, 'utf8'));
    assert.deepEqual(warnings, []);
  });

  it('carries no secret', () => {
    const config = defaultConfig();
    const secrets: Config = {
      ...config,
      p11: { ...config.p11, pass: 'PIN-4711' },
      provision: { ...config.provision, p12Password: 'geheim' },
      pacman: {
        ...config.pacman,
        extra: new Map([
          ['registry_password', 'sesame'],
          ['tags', 'a'],
        ]),
      },
    };
    const report = configurationReport(secrets);
    assert.doesNotMatch(report, /PIN-4711|geheim|sesame/);
    assert.match(report, /^pass = "<redacted>"$/m);
    assert.match(report, /^p12_password = "<redacted>"$/m);
    assert.match(report, /^tags = "a"$/m);
  });

  it('names a key of ours only when it is set', () => {
    const config = defaultConfig();
    assert.doesNotMatch(configurationReport(config), /director_full_roles/);
    const set: Config = { ...config, uptane: { ...config.uptane, directorFullRoles: 'off' } };
    assert.match(configurationReport(set), /^director_full_roles = "off"$/m);
  });
});
