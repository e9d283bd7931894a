// aktualizr-cert-provider brings a device its credentials by the real ssh and scp, to a real sshd on this machine.
import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, it } from 'node:test';
import { freePort } from '../../e2e/support/system.ts';

const COMMAND = path.resolve('apps/aktualizr/bin/aktualizr-cert-provider.js');

function tool(command: string, ...args: string[]): void {
  const done = spawnSync(command, args, { encoding: 'utf8' });
  assert.equal(done.status, 0, `${command} ${args.join(' ')}: ${done.stderr}`);
}

async function untilListening(port: number, sshd: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    assert.equal(sshd.exitCode, null, 'sshd ended at once');
    const isThere = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
      socket.on('connect', () => socket.destroy());
    });
    if (isThere) return;
    await sleep(50);
  }
  assert.fail('sshd did not listen');
}

describe('aktualizr-cert-provider over ssh', () => {
  let folder: string;
  let port: number;
  let sshd: ChildProcess;
  const file = (name: string) => path.join(folder, name);

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'ota-connect-ssh-'));
    port = await freePort();
    for (const key of ['host', 'operator'])
      tool('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', file(key));
    writeFileSync(file('authorized'), readFileSync(file('operator.pub')));
    mkdirSync('/run/sshd', { recursive: true });
    const options = [
      'PidFile none',
      'StrictModes no',
      'UsePAM no',
      `AuthorizedKeysFile ${file('authorized')}`,
    ];
    const words = options.flatMap((option) => ['-o', option]);
    const listen = ['-D', '-e', '-f', '/dev/null', '-h', file('host'), '-o', 'ListenAddress 127.0.0.1'];
    const sftp = ['-o', 'Subsystem sftp internal-sftp', '-p', String(port)];
    sshd = spawn('/usr/sbin/sshd', [...listen, ...sftp, ...words], { stdio: 'ignore' });
    await untilListening(port, sshd);
    tool('openssl', 'ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', file('ca.key'));
    const authority = ['-x509', '-new', '-key', file('ca.key'), '-subj', '/CN=fleet', '-days', '400'];
    tool('openssl', 'req', ...authority, '-out', file('ca.pem'));
    // ssh as it is, with the operator's key and a list of hosts of its own.
    const settings = `IdentityFile ${file('operator')}\nUserKnownHostsFile ${file('hosts')}\nBatchMode yes\n`;
    writeFileSync(file('ssh_config'), settings);
    mkdirSync(file('bin'));
    for (const name of ['ssh', 'scp']) {
      writeFileSync(file(`bin/${name}`), `#!/bin/sh\nexec /usr/bin/${name} -F ${file('ssh_config')} "$@"\n`);
      chmodSync(file(`bin/${name}`), 0o755);
    }
  });
  after(() => {
    sshd.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  function run(...args: string[]) {
    const fleet = ['--fleet-ca', file('ca.pem'), '--fleet-ca-key', file('ca.key'), '--certificate-cn', 'car'];
    const target = [
      '--target',
      'root@127.0.0.1',
      '--port',
      String(port),
      '--directory',
      file('device/import'),
    ];
    return spawnSync(process.execPath, [COMMAND, ...fleet, ...target, ...args], {
      encoding: 'utf8',
      env: { ...process.env, PATH: `${file('bin')}:${process.env['PATH']}` },
    });
  }

  it('refuses a host whose key nobody knows, and says so', () => {
    const { status, stderr } = run();
    assert.equal(status, 69, stderr);
    assert.match(stderr, /Host key verification failed[^]*ssh failed with exit code 255/);
    assert.ok(!existsSync(file('device')));
  });

  it('copies key and certificate, the key for its owner alone', () => {
    const { status, stdout, stderr } = run('--skip-checks');
    assert.equal(status, 0, stderr);
    assert.match(stdout, /Copied: root@127\.0\.0\.1:/);
    assert.equal(statSync(file('device/import/pkey.pem')).mode & 0o077, 0);
    assert.equal(new X509Certificate(readFileSync(file('device/import/client.pem'))).subject, 'CN=car');
  });
});
