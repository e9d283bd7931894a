// What programs read: one JSON object and an exit code for each command; logs as JSON; everything on standard error.
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import {
  openTestGateway,
  type TestGateway,
} from '../../../packages/libaktualizr/test/support/test-gateway.ts';
import { deviceFolder, type Folder } from './process.ts';

describe('outcome for programs', () => {
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
    delete process.env.LOG_STDERR;
    gateway.faultOf = () => undefined;
  });

  async function outcomeOf(...args: readonly string[]): Promise<Record<string, unknown>> {
    const { code, stdout } = await folder.run(...args, '--json');
    const lines = stdout.trim().split('\n');
    assert.equal(lines.length, 1, stdout);
    const outcome = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
    assert.equal(outcome.exitCode, code);
    return outcome;
  }

  it('is one object, of an update as of an error', async () => {
    gateway.simulator.offer('app.bin', 'the new version');
    await gateway.simulator.publish();
    const found = await outcomeOf('check');
    assert.deepEqual([found.command, found.outcome, found.exitCode], ['check', 'updates', 0]);
    const [target] = (found.update as { targets: readonly { name: string; ecus: unknown }[] }).targets;
    assert.equal(target?.name, 'app.bin');
    assert.deepEqual(target?.ecus, [{ serial: 'primary-1', hardwareId: 'primary-hw' }]);
    gateway.faultOf = () => ({ kind: 'drop' });
    const failed = await outcomeOf('check');
    assert.deepEqual([failed.outcome, failed.exitCode], ['error', 69]);
    const { family, code } = failed.error as { family: string; code: string };
    assert.deepEqual([family, code], ['TransportError', 'unreachable']);
  });

  it('is one object of mistakes on the command line and of the configuration too', async () => {
    assert.equal((await outcomeOf('chekc')).exitCode, 64);
    assert.equal((await outcomeOf('--no-such-option')).exitCode, 64);
    assert.equal((await outcomeOf('status')).exitCode, 69);
    assert.equal((await outcomeOf('--check-config')).outcome, 'valid');
    folder.configure('\n[telemetry]\nreport_netwrk = false\n');
    const invalid = await outcomeOf('--check-config');
    assert.equal(invalid.exitCode, 78);
    assert.equal((invalid.problems as readonly string[]).length, 1);
    assert.match(String((await outcomeOf('--version')).version), /^\d+\.\d+\.\d+$/);
  });

  it('is given by a daemon when it ends, with its lines on standard error', async () => {
    const { child, ended } = await folder.start(['full', '--json'], /^/);
    await new Promise((resolve) => child.stderr?.on('data', resolve));
    child.kill('SIGTERM');
    const { stdout, stderr } = await ended;
    assert.deepEqual(JSON.parse(stdout), { command: 'full', outcome: 'stopped', exitCode: 0 });
    assert.match(stderr, /Polling .*\n[^]*Stopped\.\n/);
  });

  it('ends as the original does with --compat-exit-codes', async () => {
    gateway.faultOf = () => ({ kind: 'drop' });
    assert.equal((await folder.run('check', '--compat-exit-codes')).code, 1, 'never registered');
    gateway.faultOf = () => undefined;
    assert.equal((await folder.run('check', '--compat-exit-codes')).code, 0);
    gateway.faultOf = () => ({ kind: 'drop' });
    assert.equal((await folder.run('check', '--compat-exit-codes')).code, 0);
    assert.equal((await folder.run('chekc', '--compat-exit-codes')).code, 1);
  });

  it('comes with one JSON object a line for logger.format = "json"', async () => {
    folder.configure('\n[logger]\nformat = "json"\n');
    const { stderr } = await folder.run('status');
    const lines = stderr.trim().split('\n');
    const last = JSON.parse(lines.at(-1) ?? '') as Record<string, unknown>;
    assert.deepEqual(Object.keys(last), ['time', 'level', 'message']);
    assert.equal(last.level, 'error');
  });

  it('leaves standard output empty with LOG_STDERR', async () => {
    process.env.LOG_STDERR = '1';
    const { stdout, stderr } = await folder.run('check');
    assert.equal(stdout, '');
    assert.match(stderr, /^(No update|Update found)/m);
  });

  it('is told without colours where nobody looks', async () => {
    const { stderr } = await folder.run('chekc');
    assert.equal(stderr.includes(String.fromCharCode(27)), false);
  });
});
