// docs/guides/selectively-trigger-aktualizr.md as a reader follows it: every command of the page, in its order, on a Debian
// that systemd has booted, with our packages and a real server. What each of them has to say stands here.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { launchCampaign, makeImage } from '../../e2e/support/campaign.ts';
import { startSystem, type System } from '../../e2e/support/system.ts';
import { Recipe } from './support/bitbake.ts';
import { DebianMachine } from './support/debian-machine.ts';
import { builtPackages, configure, install, type BuiltPackages } from './support/packages.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const GUIDE = readFileSync(path.join(ROOT, 'docs/guides/selectively-trigger-aktualizr.md'), 'utf8');
const RECIPE = 'recipes-sota/aktualizr/aktualizr_0.1.0.bb';

type Block = { readonly language: string; readonly name: string; readonly text: string };

const BLOCKS: readonly Block[] = [...GUIDE.matchAll(/^```(\w+) (\S+)\n([\s\S]*?)^```$/gm)].map(
  ([, language = '', name = '', text = '']) => ({ language, name, text }),
);

/** What the commands of a block have to say, together. */
const SAID: Readonly<Record<string, readonly RegExp[]>> = {
  service: [/^active$/m, /No update/, /Daemon .* process \d+/],
  pause: [/paused/i, /resumed|goes on/i],
  'only-when-asked': [],
  campaign: [/Campaign spring/, /consent: +needed/, /accept/i],
  parts: [/Update found: spring\.bin/, /Downloaded and verified: spring\.bin/, /Installed: spring\.bin/],
  info: [/Current image: spring\.bin/],
  'no-service': [/No update/],
  standalone: [/No update/],
  timer: [],
  back: [],
  json: [/^\{"command":"check","outcome":"nothing_new","exitCode":0.*\}$/m],
};

let system: System;
let machine: DebianMachine;
let packages: BuiltPackages;
let campaignId = '';

before(async () => {
  packages = await builtPackages('1.0.0');
  [system, machine] = await Promise.all([startSystem(), DebianMachine.open('booted')]);
  await setUpDevice();
});

after(async () => {
  await machine.close();
  await system.stop();
  packages.remove();
});

async function setUpDevice(): Promise<void> {
  install(machine, packages);
  await configure(machine, system, { deviceId: 'by-hand', hardwareId: 'e2e-board' });
  machine.must('systemctl', 'restart', 'aktualizr');
  await until(() => machine.run('aktualizr-info').stdout.includes('Provisioned on server: yes'));
}

async function until(isSo: () => boolean): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    if (isSo()) return;
    await sleep(100);
  }
  assert.fail(machine.run('journalctl', '-u', 'aktualizr', '--no-pager', '-n', '40').stdout);
}

async function offer(): Promise<void> {
  await system.ota('group', 'create', '--name', 'by-hand', '--device', 'by-hand');
  const file = makeImage(system, 'spring.bin', 5000);
  const launched = await launchCampaign(system, {
    name: 'spring',
    file,
    group: 'by-hand',
    approvalNeeded: true,
  });
  ({ campaignId } = launched);
}

describe('guide: running parts of the update cycle', () => {
  for (const { language, name, text } of BLOCKS) {
    if (language === 'sh') {
      it(`runs the commands of "${name}"`, async () => {
        if (name === 'campaign') await offer();
        const done = machine.run('env', `CAMPAIGN=${campaignId}`, 'sh', '-ec', text);
        assert.equal(done.status, 0, `${done.stdout}${done.stderr}`);
        const expected = SAID[name];
        assert.ok(expected, `nobody says what "${name}" has to say`);
        for (const pattern of expected) assert.match(done.stdout, pattern);
      });
    }
    if (language === 'ini') {
      it(`takes the unit ${name}`, () => {
        machine.write(name, text);
        const { status, stdout, stderr } = machine.run('systemd-analyze', 'verify', '--man=no', name);
        // The timer names a service that is there by now.
        assert.equal(status, 0, `${stdout}${stderr}`);
      });
    }
    if (language === 'bitbake') {
      it(`sets in ${name}: ${text.trim().split('\n')[0]}`, () => {
        const folder = mkdtempSync(path.join(tmpdir(), 'local-conf-'));
        try {
          const file = path.join(folder, 'local.conf');
          writeFileSync(file, text);
          const [, variable = '', value = ''] = /^(\w+) = "(.*)"$/m.exec(text) ?? [];
          const layer = path.join(ROOT, 'yocto/meta-ota-connect');
          const recipe = new Recipe(
            layer,
            new Map([
              ['PN', 'aktualizr'],
              ['PV', '0.1.0'],
            ]),
          ).parse(file);
          assert.equal(recipe.get(variable), value);
          if (variable !== 'SYSTEMD_AUTO_ENABLE_aktualizr') return;
          assert.equal(recipe.parse(path.join(layer, RECIPE)).get('SYSTEMD_AUTO_ENABLE:aktualizr'), value);
        } finally {
          rmSync(folder, { recursive: true });
        }
      });
    }
  }

  it('has told the server what was installed', async () => {
    const list = (await system.ota('device', 'list')) as {
      values: readonly { deviceId: string; uuid: string }[];
    };
    const { uuid } =
      list.values.find(({ deviceId }) => deviceId === 'by-hand') ?? assert.fail('not registered');
    const { values } = (await system.ota('device', 'updates', uuid)) as {
      values: readonly { state: string }[];
    };
    assert.deepEqual(
      values.map(({ state }) => state),
      ['completed'],
    );
  });
});
