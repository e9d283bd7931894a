// The run modes of the real process through whole updates and campaigns.
import { afterEach, beforeEach, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  eventNames,
  eventsOf,
  manifestsOf,
  reportsOf,
} from '../../../packages/libaktualizr/test/support/requests.ts';
import {
  openTestGateway,
  type TestGateway,
} from '../../../packages/libaktualizr/test/support/test-gateway.ts';
import { deviceFolder, type Folder, type Run } from './process.ts';

const CONTENT = 'the new version';
const CAMPAIGN = {
  id: 'c2eb7e8d-8aa0-429d-883f-5ed8fdb2a493',
  name: 'Spring release',
  size: 62470,
  autoAccept: false,
  metadata: [
    { type: 'DESCRIPTION', value: 'Fixes the \u001b[31mblinker' },
    { type: 'ESTIMATED_INSTALLATION_DURATION', value: '600' },
    { type: 'ESTIMATED_PREPARATION_DURATION', value: '30' },
  ],
};

describe('run modes', () => {
  let gateway: TestGateway;
  let folder: Folder;
  let file: string;
  beforeEach(async () => {
    gateway = await openTestGateway();
    folder = deviceFolder(gateway);
  });
  afterEach(async () => {
    folder.remove();
    await gateway.close();
  });

  async function offer(): Promise<void> {
    const target = gateway.simulator.offer('app.bin', CONTENT);
    await gateway.simulator.publish();
    file = join(folder.imagesPath, (target.hashes.sha256 ?? '').toUpperCase());
  }

  async function succeeds(...args: readonly string[]): Promise<Run> {
    const run = await folder.run(...args);
    assert.equal(run.code, 0, `${args.join(' ')}: ${run.stderr}${run.stdout}`);
    return run;
  }

  it('once: registers, sends device data, updates and reports', async () => {
    await offer();
    const { stdout } = await succeeds('once');
    assert.match(stdout, /Update found: app\.bin/);
    assert.match(stdout, /Installed: app\.bin/);
    assert.match(stdout, /Reported to the server/);
    assert.equal(readFileSync(file, 'utf8'), CONTENT);
    assert.equal(reportsOf(gateway.requests).length, 1);
    assert.equal(gateway.requests[0]?.path, '/director/ecus');
    assert.match((await succeeds('--run-mode', 'once')).stdout, /No update/);
    assert.equal(reportsOf(gateway.requests).length, 1);
  });

  it('check, download, install, check: each does its part, the last one reports', async () => {
    await offer();
    assert.match((await succeeds('check')).stdout, /Update found/);
    assert.equal(existsSync(file), false);
    await succeeds('download');
    assert.equal(readFileSync(file, 'utf8'), CONTENT);
    gateway.requests.length = 0;
    gateway.faultOf = () => ({ kind: 'drop' });
    assert.match((await succeeds('install')).stdout, /Installed: app\.bin/);
    gateway.faultOf = () => undefined;
    assert.deepEqual(manifestsOf(gateway.requests), []);
    assert.match((await succeeds('check')).stdout, /No update/);
    assert.equal(reportsOf(gateway.requests).length, 1);
    assert.deepEqual(eventNames(gateway.requests), [
      'EcuInstallationStarted',
      'EcuInstallationCompleted true',
    ]);
  });

  it('install after check alone: brings the image first', async () => {
    await offer();
    await succeeds('check');
    assert.match((await succeeds('install')).stdout, /Installed: app\.bin/);
    assert.equal(readFileSync(file, 'utf8'), CONTENT);
  });

  it('install without the image and without the network: 5, and it can be tried again', async () => {
    await offer();
    await succeeds('check');
    gateway.faultOf = () => ({ kind: 'drop' });
    const run = await folder.run('install');
    assert.equal(run.code, 5, run.stderr);
    gateway.faultOf = () => undefined;
    await succeeds('install');
  });

  it('download and install without an update: nothing to do, nothing reported', async () => {
    assert.match((await succeeds('download')).stdout, /No update/);
    assert.match((await succeeds('install')).stdout, /Nothing to install/);
    await succeeds('check');
    assert.deepEqual(reportsOf(gateway.requests), []);
  });

  it('once with an image that is not the signed one: 5, reported', async () => {
    await offer();
    gateway.simulator.images.set('app.bin', Buffer.from('another version'));
    const run = await folder.run('once');
    assert.equal(run.code, 5, run.stderr);
    assert.match(
      run.stderr,
      /TargetHashMismatch, as in the attack "arbitrary software", in the image app\.bin\)/,
    );
    assert.equal(reportsOf(gateway.requests)[0]?.result.code, 'DOWNLOAD_FAILED');
  });

  it('check with metadata that expired: 3 with the code', async () => {
    gateway.simulator.director.roles.targets.expires = 1_000_000_000 as never;
    await gateway.simulator.publish();
    const run = await folder.run('check');
    assert.equal(run.code, 3, run.stderr);
    assert.match(
      run.stderr,
      /ExpiredMetadata::Targets, as in the attack "freeze", in targets\.json of the Director\): /,
    );
  });

  it('full: installs what comes while it polls', async () => {
    const { child, ended } = await folder.start(['full'], /Polling/);
    await offer();
    while (reportsOf(gateway.requests).length === 0) {
      if (child.exitCode !== null) assert.fail((await ended).stderr);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    child.kill('SIGTERM');
    assert.equal((await ended).code, 0);
    assert.equal(readFileSync(file, 'utf8'), CONTENT);
  });

  it('full: says once what each poll finds again', async () => {
    gateway.simulator.director.roles.targets.expires = 1_000_000_000 as never;
    await gateway.simulator.publish();
    const { child, ended } = await folder.start(['full'], /Polling/);
    const polls = () => gateway.requests.filter(({ path }) => path === '/director/targets.json').length;
    while (polls() < 3) {
      if (child.exitCode !== null) assert.fail((await ended).stderr);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    child.kill('SIGTERM');
    const { code, stderr } = await ended;
    assert.equal(code, 0);
    assert.equal(stderr.match(/ExpiredMetadata::Targets/g)?.length, 1, stderr);
  });

  describe('campaigns', () => {
    beforeEach(() => {
      gateway.campaigns = { campaigns: [CAMPAIGN] };
    });

    it('campaign_check tells all that a person needs, and no control characters', async () => {
      const { stdout } = await succeeds('campaign_check');
      for (const part of [
        'Spring release',
        CAMPAIGN.id,
        '62470 bytes',
        'needed',
        'about 600 s',
        'about 30 s',
      ])
        assert.ok(stdout.includes(part), part);
      assert.match(stdout, /Fixes the \?\[31mblinker/);
    });

    for (const [mode, event] of [
      ['campaign_accept', 'campaign_accepted'],
      ['campaign_decline', 'campaign_declined'],
      ['campaign-postpone', 'campaign_postponed'],
    ] as const) {
      it(`${mode} sends ${event}`, async () => {
        await succeeds(mode, '--campaign-id', CAMPAIGN.id);
        assert.deepEqual(
          eventsOf(gateway.requests).map(({ eventType, event: { campaignId } }) => [
            eventType.id,
            campaignId,
          ]),
          [[event, CAMPAIGN.id]],
        );
      });
    }

    it('an id that nobody offers: 66, and nothing is queued', async () => {
      const run = await folder.run('campaign_accept', '--campaign-id', 'no-such-id');
      assert.equal(run.code, 66);
      assert.match(run.stderr, /No campaign no-such-id waits for this device/);
      await succeeds('check');
      assert.deepEqual(eventsOf(gateway.requests), []);
    });

    it('an answer without the network is kept, says so, and travels with the next command', async () => {
      await succeeds('check');
      gateway.faultOf = () => ({ kind: 'drop' });
      const { stdout } = await succeeds('campaign_accept', '--campaign-id', CAMPAIGN.id);
      assert.match(stdout, /stored and goes to the server with the next command.*cannot be reached/);
      gateway.faultOf = () => undefined;
      await succeeds('check');
      assert.deepEqual(eventNames(gateway.requests), ['campaign_accepted']);
    });
  });
});
