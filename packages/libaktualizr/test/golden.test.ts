// Our client in the situations in which the original was recorded: the same requests where it matters, bodies of the same
// shape, events in the same order.
import { afterEach, beforeEach, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { parseEcuSerial, parseHardwareId, sha256Hex } from '@ota-connect/uptane';
import { provision } from '../src/provisioning/provision.ts';
import { createHttpGateway } from '../src/adapters/http/gateway.ts';
import { defaultConfig } from '../src/config/defaults.ts';
import { eventNames } from './support/requests.ts';
import { openTestDevice, temporaryFolder, type TestDevice } from './support/test-device.ts';
import { openTestGateway, type Recorded, type TestGateway } from './support/test-gateway.ts';

type Exchange = {
  readonly method: string;
  readonly path: string;
  readonly body: string;
  readonly headers: readonly [string, string][];
  readonly status: number;
  readonly response: string | null;
};

function golden(name: string): readonly Exchange[] {
  const file = new URL(`fixtures/golden/${name}.jsonl`, import.meta.url);
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Exchange);
}

/** Names and types of members, without their values; names that are data (serials) count as one. */
function shape(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [shape(value[0])];
  if (typeof value !== 'object' || value === null) return typeof value;
  const entries = Object.entries(value).map(([key, member]) => {
    const shown = name === 'ecu_version_manifests' ? '<serial>' : key;
    return [shown, shape(member, key)] as const;
  });
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** What a person compares first: the calls without the metadata, which has rules of its own. */
function calls(requests: readonly { readonly method: string; readonly path: string }[]): readonly string[] {
  return requests
    .filter(({ path }) => !path.endsWith('.json'))
    .map(({ method, path }) => `${method} ${path.replace(/\/repo\/targets\/.*/, '/repo/targets/<name>')}`);
}

function bodies(
  requests: readonly { readonly path: string; readonly body?: string; readonly text?: string }[],
  path: string,
) {
  return requests
    .filter((request) => request.path === path)
    .map(({ body, text }) => JSON.parse(text ?? body ?? '') as Record<string, unknown>);
}

describe('golden exchanges', () => {
  let gateway: TestGateway;
  let folder: ReturnType<typeof temporaryFolder>;
  let device: TestDevice;

  beforeEach(async () => {
    gateway = await openTestGateway();
    folder = temporaryFolder();
    device = await openTestDevice({ folder: folder.path, gateway });
    await device.aktualizr.initialize();
  });
  afterEach(async () => {
    device.close();
    folder.remove();
    await gateway.close();
  });

  async function offer(): Promise<void> {
    gateway.simulator.offer('app1.bin');
    await gateway.simulator.publish();
  }

  function expectSameShapes(name: string, path: string): void {
    const [ours, theirs] = [bodies(gateway.requests, path), bodies(golden(name), path)];
    assert.deepEqual(
      ours.map((body) => shape(body)),
      theirs.map((body) => shape(body)),
    );
  }

  it('A01: registers the ECUs with the same body', async () => {
    const { storage, http } = device;
    storage.identity.saveDeviceId('device-2');
    const { url } = gateway;
    const urls = {
      gateway: url,
      provisioning: url,
      director: `${url}/director`,
      ecuRegistration: `${url}/director/ecus`,
    };
    const outcome = await provision({
      config: defaultConfig(),
      storage,
      clock: { now: () => Date.now() },
      gateway: createHttpGateway(http, urls, '36000'),
      primary: {
        serial: parseEcuSerial('CA:FE'),
        hardwareId: parseHardwareId('primary_hw'),
        isPrimary: true,
      },
      sharedGateway: () => assert.fail('there are credentials'),
    });
    assert.equal(outcome, 'provisioned');
    expectSameShapes('A01-check-first-provisioning', '/director/ecus');
  });

  it('A01: sends device data in the same order, then the manifest', async () => {
    await device.aktualizr.sendDeviceData();
    await device.aktualizr.checkUpdates();
    const theirs = calls(golden('A01-check-first-provisioning')).slice(1);
    assert.deepEqual(calls(gateway.requests), theirs);
    for (const path of ['/core/installed', '/system_info/network', '/director/manifest']) {
      expectSameShapes('A01-check-first-provisioning', path);
    }
    const [ours, recorded] = [gateway.requests, golden('A01-check-first-provisioning')].map((requests) =>
      requests.find(({ path }) => path === '/core/installed'),
    ) as [Recorded, Exchange];
    assert.equal(ours.text, recorded.body);
    // The original's database of that device has the same hash.
    assert.equal(
      device.storage.reports.sentHash('installed_packages'),
      sha256Hex(Buffer.from(recorded.body)).toUpperCase(),
    );
  });

  it('A01: sends the same headers with a body', async () => {
    await device.aktualizr.sendDeviceData();
    for (const { path, headers } of gateway.requests) {
      const recorded = golden('A01-check-first-provisioning').find((exchange) => exchange.path === path);
      const theirs = new Map(recorded?.headers.map(([name, value]) => [name.toLowerCase(), value]));
      assert.equal(headers['content-type'], theirs.get('content-type'));
      assert.equal(headers.accept, theirs.get('accept'));
      assert.match(headers['user-agent'] ?? '', /^Aktualizr\//);
      assert.notEqual(headers['content-length'], undefined);
    }
  });

  it('A03 to A08: check, download, install and the next check make the same calls [5.4.2-1, 5.4.3-1]', async () => {
    await device.aktualizr.sendDeviceData();
    await offer();
    gateway.requests.length = 0;
    await device.aktualizr.checkUpdates();
    assert.deepEqual(calls(gateway.requests), calls(golden('A03-check-update-available')));
    gateway.requests.length = 0;
    await device.aktualizr.download();
    // The original checks first; ours has just done it.
    assert.deepEqual(calls(gateway.requests), calls(golden('A05-download')).slice(1));
    expectSameShapes('A05-download', '/events');
    gateway.requests.length = 0;
    await device.aktualizr.install();
    assert.deepEqual(calls(gateway.requests), calls(golden('A07-install')).slice(1));
    expectSameShapes('A07-install', '/events');
    gateway.requests.length = 0;
    await device.aktualizr.checkUpdates();
    assert.deepEqual(calls(gateway.requests), calls(golden('A08-check-after-install')));
    expectSameShapes('A08-check-after-install', '/director/manifest');
  });

  it('A08: reports the installation in the same words', async () => {
    await offer();
    await device.aktualizr.uptaneCycle();
    const report = (requests: readonly Record<string, unknown>[]) => {
      const { signed } = requests.at(-1) as {
        signed: { installation_report: { report: Record<string, unknown> } };
      };
      const { correlation_id: _id, items, ...words } = signed.installation_report.report;
      return { ...words, items: (items as { result: unknown }[]).map(({ result }) => result) };
    };
    assert.deepEqual(
      report(bodies(gateway.requests, '/director/manifest')),
      report(bodies(golden('A08-check-after-install'), '/director/manifest').slice(0, 1)),
    );
  });

  it('A10: reads the campaigns that the original was offered', async () => {
    gateway.campaigns = JSON.parse(golden('A10-campaign_check')[0]?.response ?? '');
    assert.deepEqual(await device.aktualizr.campaignCheck(), [
      {
        id: 'c2eb7e8d-8aa0-429d-883f-5ed8fdb2a493',
        name: 'campaign1',
        sizeBytes: 62470,
        autoAccept: true,
        description: 'this is my message to show on the device',
        estimatedInstallationSeconds: 10,
        estimatedPreparationSeconds: 20,
      },
    ]);
  });

  for (const decision of ['accept', 'decline', 'postpone'] as const) {
    it(`A11: sends the same event to ${decision} a campaign`, async () => {
      gateway.campaigns = JSON.parse(golden('A10-campaign_check')[0]?.response ?? '');
      await device.aktualizr.campaignControl('c2eb7e8d-8aa0-429d-883f-5ed8fdb2a493', decision);
      const name = `A11-campaign_${decision}`;
      expectSameShapes(name, '/events');
      const type = (requests: readonly Record<string, unknown>[]) =>
        (requests[0] as unknown as { eventType: unknown; event: unknown }[])[0];
      const [ours, theirs] = [
        type(bodies(gateway.requests, '/events')),
        type(bodies(golden(name), '/events')),
      ];
      assert.deepEqual(ours?.eventType, theirs?.eventType);
      assert.deepEqual(ours?.event, theirs?.event);
    });
  }

  it('A13, A14: sends no report of a download or installation that nobody wanted, unlike the original', async () => {
    await device.aktualizr.checkUpdates();
    await device.aktualizr.download();
    await device.aktualizr.install();
    gateway.requests.length = 0;
    await device.aktualizr.checkUpdates();
    const [manifest] = bodies(gateway.requests, '/director/manifest') as { signed: object }[];
    assert.equal('installation_report' in (manifest?.signed ?? {}), false);
  });

  it('B01, C01: makes the same calls for a whole update', async () => {
    await offer();
    await device.aktualizr.sendDeviceData();
    await device.aktualizr.uptaneCycle();
    assert.deepEqual(calls(gateway.requests), calls(golden('B01-once-full-update')).slice(1));
    expectSameShapes('B01-once-full-update', '/director/manifest');
    expectSameShapes('B01-once-full-update', '/events');
  });

  it('E04: goes on without the manifest and offers it three times, a second apart', async () => {
    await offer();
    gateway.faultOf = ({ path }) =>
      path === '/director/manifest' ? { kind: 'status', status: 500 } : undefined;
    const seen: string[] = [];
    const { faultOf } = gateway;
    gateway.faultOf = (request) => {
      seen.push(`${request.method} ${request.path}`);
      return faultOf(request);
    };
    await device.aktualizr.sendDeviceData();
    await device.aktualizr.uptaneCycle();
    const asked = seen.map((call) => ({ method: call.split(' ')[0] ?? '', path: call.split(' ')[1] ?? '' }));
    assert.deepEqual(calls(asked), calls(golden('E04-manifest-500')).slice(1));
  });

  it('E06: drops events that the server does not know, and goes on', async () => {
    await offer();
    gateway.answerOf = ({ path }) =>
      path === '/events' ? { status: 404, headers: {}, body: new Uint8Array() } : undefined;
    await device.aktualizr.sendDeviceData();
    const { install } = await device.aktualizr.uptaneCycle();
    assert.equal(install?.kind, 'installed');
    assert.deepEqual(calls(gateway.requests), calls(golden('E06-events-404')).slice(1));
    assert.deepEqual(device.storage.reports.queued(10), []);
  });

  it('E07: drops single events that are too large, and goes on', async () => {
    await offer();
    gateway.answerOf = ({ path }) =>
      path === '/events' ? { status: 413, headers: {}, body: new Uint8Array() } : undefined;
    await device.aktualizr.sendDeviceData();
    await device.aktualizr.uptaneCycle();
    assert.deepEqual(eventNames(gateway.requests), golden('E07-events-413').flatMap(eventNameOf));
    assert.deepEqual(device.storage.reports.queued(10), []);
  });
});

function eventNameOf({ path, body }: Exchange): readonly string[] {
  return eventNames([{ method: 'POST', path, headers: {}, text: body }]);
}
