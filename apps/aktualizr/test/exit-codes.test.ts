// The exit codes and sentences of the real process, one situation each.
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { issue } from '../../../packages/libaktualizr/test/support/certificates.ts';
import {
  openTestGateway,
  type TestGateway,
} from '../../../packages/libaktualizr/test/support/test-gateway.ts';
import { deviceFolder, type Folder, type Run } from './process.ts';

describe('aktualizr process', () => {
  let gateway: TestGateway;
  let folder: Folder;
  before(async () => {
    gateway = await openTestGateway();
  });
  after(() => gateway.close());
  beforeEach(() => {
    folder = deviceFolder(gateway);
  });
  afterEach(() => {
    folder.remove();
    gateway.requests.length = 0;
    gateway.faultOf = () => undefined;
    gateway.answerOf = () => undefined;
  });

  function expectFailure(run: Run, code: number, sentence: RegExp): void {
    assert.equal(run.code, code, run.stderr + run.stdout);
    assert.match(run.stderr, sentence);
    assert.doesNotMatch(run.stderr, /\n\s+at /, 'a stack trace is no sentence');
    assert.doesNotMatch(run.stderr + run.stdout, /PRIVATE KEY/);
  }

  describe('command line', () => {
    for (const [args, sentence] of [
      [['onse'], /There is no run mode onse\. Did you mean once\?/],
      [['--run-mode', 'instal'], /There is no run mode instal\. Did you mean install\?/],
      [['--tls-servr', 'https://x'], /There is no option --tls-servr\. Did you mean --tls-server\?/],
      [['--tls-server'], /--tls-server needs a value/],
      [['once', 'check'], /One run mode is enough/],
      [['once', '--run-mode', 'check'], /contradict each other/],
      [['statsu'], /There is no run mode statsu\. Did you mean status\?/],
      [['offline'], /offline takes one directory/],
      [['offline', '/a', '/b'], /offline takes one directory/],
      [['campaign_accept'], /campaign_accept needs --campaign-id/],
      [['--loglevel', 'loud', 'check'], /--loglevel takes a number from 0 to 5/],
    ] as const) {
      it(`refuses ${args.join(' ')} with 64 and says what to do`, async () => {
        expectFailure(await folder.run(...args), 64, sentence);
        assert.deepEqual(gateway.requests, []);
      });
    }

    it('prints help and version with 0', async () => {
      const help = await folder.run('--help');
      assert.equal(help.code, 0);
      assert.match(help.stdout, /--campaign-id ID/);
      const version = await folder.run('-v');
      assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/);
    });
  });

  describe('configuration', () => {
    /** Options of a further file that names this mapping. */
    function mapped(map: string): readonly string[] {
      const [mapFile, file] = [join(folder.path, 'map.json'), join(folder.path, 'map.toml')];
      writeFileSync(mapFile, map);
      writeFileSync(file, `[uptane]\nrepository_map = "${mapFile}"\n`);
      return ['--config', file];
    }

    it('is valid as it is', async () => {
      const { code, stdout } = await folder.run('--check-config');
      assert.equal(code, 0);
      assert.match(stdout, /valid/);
    });

    it('has an unknown key: a warning with file, line and nearest name, and the device goes on', async () => {
      folder.configure('\n[telemetry]\nreport_netwrk = false\n');
      const run = await folder.run('check');
      assert.equal(run.code, 0, run.stderr);
      assert.match(run.stderr, /config\.toml:\d+: .*report_netwrk.*report_network/);
    });

    it('has an unknown key: 78 with --check-config', async () => {
      folder.configure('\n[telemetry]\nreport_netwrk = false\n');
      expectFailure(
        await folder.run('--check-config'),
        78,
        /config\.toml:\d+: .*report_netwrk.*report_network/,
      );
    });

    it('is missing: 78', async () => {
      rmSync(folder.configFile);
      expectFailure(await folder.run('check'), 78, /config\.toml does not exist/);
    });

    it('names a repository mapping that cannot be used: 78 with its path and what to do', async () => {
      const more = mapped('{"repositories": {"director": ["https://x"]}, "mapping": []}');
      const sentence =
        /map\.json, named by uptane\.repository_map, is no repository mapping: .*Correct the file/;
      expectFailure(await folder.run('check', ...more), 78, sentence);
      expectFailure(await folder.run('--check-config', ...more), 78, sentence);
      assert.deepEqual(gateway.requests, []);
    });

    it('names a repository mapping, which is followed', async () => {
      const repositories = {
        director: ['https://localhost:9/director', `${gateway.url}/director/`],
        image: [`${gateway.url}/repo`],
      };
      const rule = { paths: ['*'], repositories: ['director', 'image'], threshold: 2, terminating: true };
      const more = mapped(JSON.stringify({ repositories, mapping: [rule] }));
      assert.match((await folder.run('--check-config', ...more)).stdout, /valid/);
      const run = await folder.run('check', ...more);
      assert.equal(run.code, 0, run.stderr);
      assert.match(run.stderr, /https:\/\/localhost:9 cannot be reached: .* The next address is asked/);
    });

    it('names no server: 78', async () => {
      folder.configure('', '');
      expectFailure(await folder.run('check'), 78, /names no server/);
    });
  });

  describe('server', () => {
    it('is out of reach: 69', async () => {
      folder.configure('', 'https://localhost:9');
      expectFailure(await folder.run('check'), 69, /https:\/\/localhost:9 cannot be reached/);
    });

    it('has a certificate of another authority: 69, and nothing was sent', async () => {
      const stranger = await issue({ commonName: 'stranger', isAuthority: true });
      writeFileSync(join(folder.path, 'import', 'root.crt'), stranger.certificate);
      expectFailure(
        await folder.run('check'),
        69,
        /not issued by the certificate authority that this device trusts/,
      );
      assert.deepEqual(gateway.requests, []);
    });

    it('has an expired certificate: 69', async () => {
      // Before this client was built: no clock can be so wrong. docs/adr/0021-certificates-and-the-time.md
      const expired = await openTestGateway(-4000);
      const device = deviceFolder(expired);
      expectFailure(await device.run('check'), 69, /has expired/);
      device.remove();
      await expired.close();
    });

    it('does not accept this device: 77', async () => {
      gateway.answerOf = ({ path }) =>
        path === '/director/ecus'
          ? { status: 400, headers: {}, body: Buffer.from('{"code":"ecu_already_registered"}') }
          : undefined;
      expectFailure(await folder.run('check'), 77, /did not register the ECUs: .*ecu_already_registered/);
    });
  });

  it('has no credentials: 77', async () => {
    for (const file of ['root.crt', 'client.pem', 'pkey.pem']) rmSync(join(folder.path, 'import', file));
    expectFailure(await folder.run('check'), 77, /has no credentials/);
  });

  it('finds a corrupt database: 74, and leaves it', async () => {
    await folder.run('check');
    const file = join(folder.path, 'storage', 'sql.db');
    const bytes = Buffer.from('this is no database, and it is long enough to be read as one'.repeat(100));
    writeFileSync(file, bytes);
    gateway.requests.length = 0;
    expectFailure(await folder.run('check'), 74, /sql\.db is damaged or no database; it was left as it is/);
    assert.deepEqual(readFileSync(file), bytes);
    assert.deepEqual(readdirSync(join(folder.path, 'storage')).toSorted(), ['sql.db', 'storage.lock']);
    assert.deepEqual(gateway.requests, []);
  });

  it('finds another aktualizr on its storage: 75 with the pid, and nothing is damaged', async () => {
    const { child, ended } = await folder.start(['full'], /Polling/);
    expectFailure(await folder.run('check', '--standalone'), 75, new RegExp(`pid ${child.pid}`));
    child.kill('SIGTERM');
    assert.equal((await ended).code, 0);
    assert.equal((await folder.run('check')).code, 0);
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`stops the daemon cleanly on ${signal}: 0`, async () => {
      const { child, ended } = await folder.start(['full'], /Polling/);
      child.kill(signal);
      const run = await ended;
      assert.equal(run.code, 0, run.stderr);
      assert.match(run.stdout, /Stopped\./);
    });
  }
});
