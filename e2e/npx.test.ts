// The commands as the README writes them, through a real npx: npm takes options before the first word for its own, and
// what a person typed has to happen all the same.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

function npx(...args: string[]): {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
} {
  const env = { ...process.env };
  // The npm that runs the tests tells its own settings to its children.
  for (const name of Object.keys(env)) if (name.startsWith('npm_')) delete env[name];
  const done = spawnSync('npx', ['--no', ...args], { cwd: root, encoding: 'utf8', env });
  return { code: done.status, stdout: done.stdout, stderr: done.stderr };
}

describe('npx --no aktualizr, options first', () => {
  let folder: string;
  let config: string;
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'npx-'));
    config = path.join(folder, 'conf.d');
    mkdirSync(config);
    const storage = path.join(folder, 'storage');
    writeFileSync(
      path.join(config, '10.toml'),
      `[tls]\nserver = "https://localhost:1"\n[storage]\npath = "${storage}"\n[pacman]\ntype = "none"\nimages_path = "${folder}/images"\n[provision]\nprimary_ecu_hardware_id = "board"\n`,
    );
  });
  after(() => rmSync(folder, { recursive: true }));

  it('reads the configuration of --config DIR before the run mode', () => {
    const { code, stderr } = npx('aktualizr', '--config', config, 'check');
    assert.equal(code, 77, stderr);
    assert.doesNotMatch(stderr, /no configuration/);
  });

  it('runs no other mode than --run-mode=MODE says', () => {
    const { code, stderr } = npx('aktualizr', '--config', config, '--run-mode=chekc');
    assert.equal(code, 64, stderr);
    assert.match(stderr, /Did you mean check\?/);
  });

  it('checks the configuration, when --check-config comes first', () => {
    writeFileSync(path.join(config, '20.toml'), '[uptane]\npoling_sec = 5\n');
    const { code, stderr, stdout } = npx('aktualizr', '--config', config, '--check-config');
    rmSync(path.join(config, '20.toml'));
    assert.equal(code, 78, stderr);
    assert.match(`${stdout}${stderr}`, /20\.toml:2.*polling_sec/);
  });

  it('says how to write an option whose value npm has torn off', () => {
    const { code, stderr } = npx('aktualizr', '--config', config, '--campaign-id', 'x', 'campaign_accept');
    assert.equal(code, 64);
    assert.match(stderr, /npx --no -- aktualizr --campaign-id/);
  });

  it('hands flags to aktualizr-info', () => {
    const { code, stdout, stderr } = npx('aktualizr-info', '--config', config, '--json');
    assert.equal(code, 0, stderr);
    assert.equal(typeof JSON.parse(stdout), 'object');
  });
});
