// Our server answers what the original C++ aktualizr sends: every recorded exchange is replayed over mutual TLS by a
// client that shares no code with ours, and gets the kind of answer that the original needs to go on.
import assert from 'node:assert/strict';
import { readFileSync, globSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gatewayClient, readCredentials, type Answer, type GatewayClient } from './support/gateway-client.ts';
import { startSystem, type System } from './support/system.ts';

type Exchange = {
  readonly n: number;
  readonly method: string;
  readonly path: string;
  readonly body: string | null;
  readonly status: number;
};

const golden = path.join(path.dirname(fileURLToPath(import.meta.url)), 'fixtures', 'golden');

/** Devices of the recordings: the files of one line tell one device's life. */
const LIVES: readonly { readonly title: string; readonly files: readonly string[] }[] = [
  {
    title: 'single stages with imported credentials',
    files: ['A01', 'A02', 'A03', 'A04', 'A05', 'A06', 'A07', 'A08', 'A09', 'A10', 'A11', 'A12', 'A13', 'A14'],
  },
  { title: 'once: full update, then nothing new', files: ['B01', 'B02'] },
  { title: 'once with an Ed25519 ECU key', files: ['B03'] },
  { title: 'the daemon through an update', files: ['C01'] },
  { title: 'shared credentials', files: ['D01'] },
  { title: 'shared credentials in reuse mode', files: ['D05'] },
  { title: 'manifests that were answered with 500', files: ['E04'] },
  { title: 'events that were answered with 404', files: ['E06'] },
  { title: 'events that were answered with 413', files: ['E07'] },
  { title: 'a target with its own URI', files: ['F04'] },
  { title: 'an installation that needs a reboot', files: ['F05a', 'F05b', 'F05c'] },
  { title: 'two virtual Secondaries', files: ['F06-', 'F06b'] },
  { title: 'an IP Secondary', files: ['G01'] },
];

/** What the recorded devices download, by its name in the Image repository. */
const IMAGES: ReadonlyMap<string, { readonly file: string; readonly hardwareIds: string }> = new Map([
  ['apps/app1-1.0.bin', { file: 'app1.bin', hardwareIds: 'primary_hw' }],
  ['app1.bin', { file: 'app1.bin', hardwareIds: 'primary_hw' }],
  ['app2.bin', { file: 'app2.bin', hardwareIds: 'primary_hw' }],
  ['sec1.bin', { file: 'sec1.bin', hardwareIds: 'demo-virtual,sec_hw' }],
]);

function exchanges(prefix: string): Exchange[] {
  return globSync(`${prefix}*.jsonl`, { cwd: golden }).flatMap((file) =>
    readFileSync(path.join(golden, file), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Exchange)
      .filter((exchange) => exchange.path !== undefined),
  );
}

function contentType(exchange: Exchange): string {
  return exchange.path === '/system_info/config' ? 'application/toml' : 'application/json';
}

/** What the original needs as an answer: success to go on, or an end of the Root chain. */
function assertServes(exchange: Exchange, answer: Answer): void {
  const what = `${exchange.method} ${exchange.path} (n ${exchange.n}) was answered ${answer.status}: ${answer.body.toString().slice(0, 200)}`;
  if (/\/\d+\.root\.json$/.test(exchange.path) && exchange.status >= 400) {
    assert.ok(answer.status >= 400 && answer.status < 500, what);
    JSON.parse(answer.body.toString());
    return;
  }
  assert.ok(answer.status >= 200 && answer.status < 300, what);
  if (exchange.path.endsWith('.json')) JSON.parse(answer.body.toString());
  const image = IMAGES.get(exchange.path.replace('/repo/targets/', ''));
  if (image !== undefined) assert.deepEqual(answer.body, readFileSync(path.join(golden, image.file)), what);
}

async function registeredDevice(system: System, deviceId: string): Promise<GatewayClient> {
  const zip = path.join(system.folder, `${deviceId}.zip`);
  await system.ota('credentials', 'create', '--output', zip);
  const credentials = readCredentials(zip);
  const bootstrap = gatewayClient(system.gatewayUrl, credentials);
  const answer = await bootstrap.send('POST', '/devices', JSON.stringify({ deviceId, ttl: '36000' }));
  assert.equal(answer.status, 200, answer.body.toString());
  bootstrap.close();
  return gatewayClient(system.gatewayUrl, { pfx: answer.body, ca: credentials.ca });
}

async function uploadImages(system: System): Promise<void> {
  for (const [filename, { file, hardwareIds }] of IMAGES) {
    const what = ['--filename', filename, '--hardware-ids', hardwareIds, '--version', '1'];
    await system.ota('software', 'upload', path.join(golden, file), ...what);
  }
}

async function replay(device: GatewayClient, files: readonly string[]): Promise<number> {
  let count = 0;
  for (const exchange of files.flatMap(exchanges)) {
    if (
      exchange.path === '/devices' ||
      exchange.path.startsWith('/treehub') ||
      !exchange.path.startsWith('/')
    )
      continue;
    const body = exchange.method === 'GET' ? undefined : (exchange.body ?? '{}');
    if (!isServed(exchange)) continue;
    assertServes(exchange, await device.send(exchange.method, exchange.path, body, contentType(exchange)));
    count += 1;
  }
  return count;
}

/** F04 fetches its image from a place of its own: not ours to serve. */
function isServed(exchange: Exchange): boolean {
  return !/^\/(?!director|repo|events|system_info|core|campaigner)/.test(exchange.path);
}

for (const life of LIVES) {
  describe(`golden exchanges: ${life.title}`, () => {
    it('are answered as the original needs them', async () => {
      const system = await startSystem();
      try {
        await uploadImages(system);
        const device = await registeredDevice(system, 'peer-device-0001');
        assert.ok((await replay(device, life.files)) > 0);
        device.close();
      } finally {
        await system.stop();
      }
    });
  });
}

describe('golden exchanges: refusals', () => {
  it('name device_already_registered, when the device id is taken (D03)', async () => {
    const system = await startSystem();
    try {
      for (const { body } of exchanges('D03')) {
        const { deviceId } = JSON.parse(body ?? '{}') as { deviceId: string };
        (await registeredDevice(system, deviceId)).close();
        const zip = path.join(system.folder, `${deviceId}-again.zip`);
        await system.ota('credentials', 'create', '--output', zip);
        const bootstrap = gatewayClient(system.gatewayUrl, readCredentials(zip));
        const answer = await bootstrap.send('POST', '/devices', body ?? '');
        assert.equal(answer.status, 409);
        assert.equal(
          (JSON.parse(answer.body.toString()) as { code: string }).code,
          'device_already_registered',
        );
        bootstrap.close();
      }
    } finally {
      await system.stop();
    }
  });

  it('name ecu_already_registered, when another device has the ECU (D04)', async () => {
    const system = await startSystem();
    try {
      const [first] = exchanges('B01').filter((exchange) => exchange.path === '/director/ecus');
      const [second] = exchanges('D04');
      const owner = await registeredDevice(system, 'owner');
      assertServes(first as Exchange, await owner.send('POST', '/director/ecus', first?.body ?? ''));
      const other = await registeredDevice(system, 'other');
      const answer = await other.send('POST', '/director/ecus', second?.body ?? '');
      assert.equal(answer.status, 409, answer.body.toString());
      assert.equal((JSON.parse(answer.body.toString()) as { code: string }).code, 'ecu_already_registered');
      owner.close();
      other.close();
    } finally {
      await system.stop();
    }
  });

  it('do not happen for an integer ttl, as cert-provider sends it (D06)', async () => {
    const system = await startSystem();
    try {
      const zip = path.join(system.folder, 'd06.zip');
      await system.ota('credentials', 'create', '--output', zip);
      const bootstrap = gatewayClient(system.gatewayUrl, readCredentials(zip));
      const [exchange] = exchanges('D06');
      assert.equal((await bootstrap.send('POST', '/devices', exchange?.body ?? '')).status, 200);
      bootstrap.close();
    } finally {
      await system.stop();
    }
  });
});
