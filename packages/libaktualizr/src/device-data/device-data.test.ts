import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import type { NetworkInterfaceInfo } from 'node:os';
import { describe, it } from 'node:test';

import { canonicalText } from '@ota-connect/uptane';

import { temporaryDirectory } from '../../test/temporary-directory.ts';
import { defaultConfig } from '../config/defaults.ts';
import { ConfigError } from '../errors.ts';
import { createDeviceDataSource } from './device-data-source.ts';
import { hardwareInfo, readHardwareInfoFile } from './hardware-info.ts';
import { installedPackages } from './installed-packages.ts';
import { networkInfo } from './network-info.ts';

const HEADING = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n';

function route(name: string, destination: string, metric: number, mask = '00000000'): string {
  return `${name}\t${destination}\t0100000A\t0003\t0\t0\t${metric}\t${mask}\t0\t0\t0\n`;
}

function loopback(): readonly [string, readonly NetworkInterfaceInfo[]] {
  for (const [name, addresses = []] of Object.entries(networkInterfaces())) {
    if (addresses.some(({ internal, family }) => internal && family === 'IPv4')) return [name, addresses];
  }
  assert.fail('no loopback interface');
}

describe('network information', () => {
  it('is that of the interface with the default route of the lowest metric', (test) => {
    const [name, addresses] = loopback();
    const file = join(temporaryDirectory(test), 'route');
    writeFileSync(
      file,
      HEADING +
        route('wlan9', '00000000', 600) +
        route('eth9', '000000C0', 0, '00FFFFFF') +
        route(name, '00000000', 100),
    );
    const address = addresses.find(({ family }) => family === 'IPv4');
    assert.deepEqual(networkInfo(file), {
      hostname: hostname(),
      local_ipv4: address?.address,
      mac: address?.mac,
    });
  });

  it('has empty texts, when there is no default route', (test) => {
    const [name] = loopback();
    const file = join(temporaryDirectory(test), 'route');
    writeFileSync(
      file,
      HEADING + route(name, '000000C0', 0, '00FFFFFF') + route(name, '00000000', 0, '00FFFFFF'),
    );
    const { local_ipv4: address } = networkInfo(file);
    if (process.platform === 'linux') assert.equal(address, '');
    assert.equal(networkInfo(file).hostname, hostname());
  });
});

describe('hardware information', () => {
  it('has the shape of lshw: a system with a core of memory and processor', () => {
    const info = hardwareInfo();
    assert.equal(info['class'], 'system');
    assert.equal(info['id'], hostname());
    const text = canonicalText(info);
    assert.match(text, /"class":"memory".*"units":"bytes"/);
    assert.match(text, /"class":"processor"/);
  });

  it('stays the same between two looks, so that it is sent once', () => {
    assert.deepEqual(hardwareInfo(), hardwareInfo());
  });
});

describe('installed packages', () => {
  it('are the lines of the packages file', async (test) => {
    const file = join(temporaryDirectory(test), 'package.manifest');
    writeFileSync(file, 'busybox 1.36.1\n\nlibc6 2.39-r0 extra\nnoversion\n');
    assert.deepEqual(await installedPackages(file), [
      { name: 'busybox', version: '1.36.1' },
      { name: 'libc6', version: '2.39-r0' },
    ]);
  });

  it('are the one of the original, when there is no such file', async () => {
    assert.deepEqual(await installedPackages('/nowhere/package.manifest'), [
      { name: 'fake-package', version: '1.0' },
    ]);
  });
});

describe('device data', () => {
  it('leaves out what telemetry switches off', async () => {
    const config = { ...defaultConfig(), telemetry: { reportNetwork: false, reportConfig: false } };
    const source = createDeviceDataSource(config);
    assert.equal(await source.networkInfo(), undefined);
    assert.equal(source.configuration(), undefined);
    assert.match(createDeviceDataSource(defaultConfig()).configuration() ?? '', /^\[logger\]\n/);
  });

  it('takes hardware information from a file, when one is named', async (test) => {
    const file = join(temporaryDirectory(test), 'hw.json');
    writeFileSync(file, '{"board":"x"}');
    const custom = readHardwareInfoFile(file);
    assert.deepEqual(await createDeviceDataSource(defaultConfig(), custom).hardwareInfo(), { board: 'x' });
    assert.equal((await createDeviceDataSource(defaultConfig()).hardwareInfo())?.class, 'system');
  });

  it('refuses a file that is missing, empty, no JSON or no object', (test) => {
    const file = join(temporaryDirectory(test), 'hw.json');
    assert.throws(() => readHardwareInfoFile(file), ConfigError);
    for (const content of ['', '{}', '[1]', '"text"', '{']) {
      writeFileSync(file, content);
      assert.throws(() => readHardwareInfoFile(file), ConfigError);
    }
  });
});
