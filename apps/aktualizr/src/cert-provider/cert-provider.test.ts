import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
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
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';

import { issue, type Issued } from '../../../../packages/libaktualizr/test/support/certificates.ts';
import { credentialsArchive } from '../../../../packages/libaktualizr/test/support/credentials-archive.ts';
import { openPkcs12 } from '../../../../packages/libaktualizr/test/support/pkcs12.ts';
import { openTestGateway } from '../../../../packages/libaktualizr/test/support/test-gateway.ts';
import type { TestGateway } from '../../../../packages/libaktualizr/test/support/test-gateway.ts';

import { UsageError } from '../exit-codes.ts';
import { readArguments } from './arguments.ts';

const COMMAND = join(import.meta.dirname, '../../bin/aktualizr-cert-provider.js');
const DAY_MS = 86_400_000;

type Answer = { readonly code: number | null; readonly out: string; readonly err: string };

describe('aktualizr-cert-provider', () => {
  let gateway: TestGateway;
  let folder: string;
  let zip: string;
  let issued: Issued;
  let taken: Set<string>;
  before(async () => {
    gateway = await openTestGateway();
    folder = mkdtempSync(join(tmpdir(), 'cert-provider-'));
    zip = join(folder, 'credentials.zip');
    const { authority, url } = gateway;
    const shared = await issue({ commonName: 'shared' }, authority);
    writeFileSync(zip, credentialsArchive({ gatewayUrl: url, serverCa: authority.certificate, shared }));
    issued = await issue({ commonName: 'car' }, authority);
    gateway.answerOf = ({ path, body }) => {
      if (path !== '/devices') return undefined;
      const { deviceId } = JSON.parse(Buffer.from(body).toString()) as { deviceId: string };
      const refusal = Buffer.from('{"code":"device_already_registered","description":"taken"}');
      if (taken.has(deviceId) || taken.has('*')) return { status: 409, headers: {}, body: refusal };
      return { status: 200, headers: {}, body: openPkcs12(issued, authority.certificate) };
    };
  });
  beforeEach(() => {
    taken = new Set();
    gateway.requests.length = 0;
    rmSync(join(folder, 'out'), { recursive: true, force: true });
  });
  after(async () => {
    await gateway.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function run(args: readonly string[], path = process.env['PATH']): Promise<Answer> {
    const { promise, resolve } = Promise.withResolvers<Answer>();
    const env = { ...process.env, PATH: path };
    const child = spawn(process.execPath, [COMMAND, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk) => (out += String(chunk)));
    child.stderr.on('data', (chunk) => (err += String(chunk)));
    child.on('close', (code) => resolve({ code, out, err }));
    return promise;
  }

  const out = (name = '') => join(folder, 'out', name);
  const read = (name: string) => readFileSync(out(name), 'utf8');

  it('asks the server as the original does and writes key and certificate below the local directory (D06)', async () => {
    const { code, out: text, err } = await run(['-c', zip, '-l', out()]);
    assert.equal(code, 0, err);
    const [request] = gateway.requests;
    assert.match(request?.text ?? '', /^\{"deviceId":"[a-z]+-[a-z]+-\d{1,3}","ttl":36000\}$/);
    assert.equal(request?.headers['content-type'], 'application/json');
    const certificate = new X509Certificate(read('var/sota/import/client.pem'));
    assert.ok(certificate.checkPrivateKey(createPrivateKey(read('var/sota/import/pkey.pem'))));
    assert.equal(statSync(out('var/sota/import/pkey.pem')).mode & 0o777, 0o600);
    assert.ok(!existsSync(out('var/sota/import/root.crt')));
    assert.match(text, /Device ID: [a-z]+-[a-z]+-\d+\nWritten: /);
    assert.doesNotMatch(text + err, /PRIVATE KEY/);
  });

  it('writes the CA and the URL when asked to, into the directory that was named, and replaces what is there', async () => {
    mkdirSync(out('etc/ota'), { recursive: true });
    writeFileSync(out('etc/ota/pkey.pem'), 'old', { mode: 0o644 });
    const { code, err } = await run(['-c', zip, '-l', out(), '-d', '/etc/ota', '-r', '-u']);
    assert.equal(code, 0, err);
    assert.equal(read('etc/ota/root.crt').trim(), gateway.authority.certificate.trim());
    assert.equal(read('etc/ota/gateway.url'), gateway.url);
    assert.equal(statSync(out('etc/ota/pkey.pem')).mode & 0o777, 0o600);
  });

  it('takes the names of the files from a configuration', async () => {
    const config = join(folder, 'sota.toml');
    writeFileSync(
      config,
      `[tls]\nserver_url_path = "/var/sota/import/here.url"\n[import]\nbase_path = "/data"\ntls_pkey_path = "k.pem"\ntls_clientcert_path = "/abs/c.pem"\n`,
    );
    const { code, err } = await run(['-c', zip, '-l', out(), '-g', config, '-r', '-u']);
    assert.equal(code, 0, err);
    for (const name of ['data/k.pem', 'abs/c.pem', 'data/root.crt', 'var/sota/import/here.url'])
      assert.ok(existsSync(out(name)), name);
  });

  it('draws another random name when one is taken, but not another than was asked for', async () => {
    taken.add('*');
    const random = await run(['-c', zip, '-l', out()]);
    assert.equal(random.code, 77, random.err);
    assert.equal(new Set(gateway.requests.map(({ text }) => text)).size, 3);
    taken = new Set(['car']);
    const named = await run(['-c', zip, '-l', out(), '--certificate-cn', 'car']);
    assert.equal(named.code, 77);
    assert.match(named.err, /already knows a device "car"/);
    assert.equal(gateway.requests.length, 4);
    assert.ok(!existsSync(out('var')));
  });

  it('answers programs with JSON', async () => {
    const { code, out: text } = await run([
      '-c',
      zip,
      '-l',
      out(),
      '--certificate-cn',
      'car',
      '--days',
      '30',
      '--json',
    ]);
    assert.equal(code, 0);
    assert.deepEqual(JSON.parse(text), {
      deviceId: 'car',
      written: [out('var/sota/import/pkey.pem'), out('var/sota/import/client.pem')],
      target: null,
      copied: [],
    });
    assert.match(gateway.requests[0]?.text ?? '', /"ttl":30/);
  });

  describe('with the fleet’s own authority', () => {
    let ca: Issued;
    const file = (name: string) => join(folder, name);
    const FLEET = ['--fleet-ca', '', '--fleet-ca-key', ''];
    before(async () => {
      ca = await issue({ commonName: 'fleet', isAuthority: true, days: 400 });
      writeFileSync(file('ca.pem'), ca.certificate);
      writeFileSync(file('ca.key'), ca.privateKey);
      FLEET[1] = file('ca.pem');
      FLEET[3] = file('ca.key');
    });

    it('makes key and certificate with the subject that was asked for, without the server', async () => {
      const subject = ['--certificate-c', 'DE', '--certificate-st', 'Berlin', '--certificate-o', 'Fleet'];
      const args = [...FLEET, ...subject, '--certificate-cn', 'car', '--bits', '3072', '--days', '100'];
      const { code, err } = await run([...args, '-l', out()]);
      assert.equal(code, 0, err);
      assert.equal(gateway.requests.length, 0);
      const certificate = new X509Certificate(read('var/sota/import/client.pem'));
      assert.equal(certificate.subject, 'C=DE\nST=Berlin\nO=Fleet\nCN=car');
      assert.ok(certificate.verify(new X509Certificate(ca.certificate).publicKey));
      assert.equal(certificate.publicKey.asymmetricKeyDetails?.modulusLength, 3072);
      assert.equal(Math.round((certificate.validToDate.getTime() - Date.now()) / DAY_MS), 100);
      assert.equal(certificate.ca, false);
      assert.match(read('var/sota/import/pkey.pem'), /BEGIN RSA PRIVATE KEY/);
    });

    it('takes the original’s older spelling, a random name, and CA and URL from the archive', async () => {
      const older = ['--device-ca', file('ca.pem'), '--device-ca-key', file('ca.key')];
      const { code, err } = await run([...older, '-c', zip, '-l', out(), '-r', '-u', '--days', '1']);
      assert.equal(code, 0, err);
      const certificate = new X509Certificate(read('var/sota/import/client.pem'));
      assert.match(certificate.subject, /^CN=[a-z]+-[a-z]+-\d+$/);
      assert.equal(read('var/sota/import/gateway.url'), gateway.url);
      assert.match(read('var/sota/import/root.crt'), /BEGIN CERTIFICATE/);
    });

    it('refuses an authority that cannot be used, each for its reason', async () => {
      const other = await issue({ commonName: 'other', isAuthority: true });
      const leaf = await issue({ commonName: 'leaf' }, ca);
      writeFileSync(file('other.key'), other.privateKey);
      writeFileSync(file('leaf.pem'), leaf.certificate);
      writeFileSync(file('leaf.key'), leaf.privateKey);
      writeFileSync(file('broken.pem'), 'nothing');
      const cases = [
        [file('ca.pem'), file('other.key'), /do not belong together/],
        [file('leaf.pem'), file('leaf.key'), /not that of an authority/],
        [file('broken.pem'), file('ca.key'), /no PEM file/],
        [file('missing.pem'), file('ca.key'), /cannot be read/],
      ] as const;
      for (const [certificate, key, words] of cases) {
        const { code, err } = await run(['--fleet-ca', certificate, '--fleet-ca-key', key, '-l', out()]);
        assert.equal(code, 78, err);
        assert.match(err, words);
      }
      const long = await run([...FLEET, '--days', '4000', '-l', out()]);
      assert.match(long.err, /before the certificate would/);
    });
  });

  describe('onto a device', () => {
    /** Programs called ssh and scp that note their words. */
    function programs(ssh = 0, scp = 0): string {
      const bin = join(folder, 'bin');
      mkdirSync(bin, { recursive: true });
      const log = join(folder, 'calls');
      rmSync(log, { force: true });
      writeFileSync(join(bin, 'ssh'), `#!/bin/sh\necho "ssh $*" >> ${log}\necho "from ssh"\nexit ${ssh}\n`);
      writeFileSync(join(bin, 'scp'), `#!/bin/sh\necho "scp $*" >> ${log}\nexit ${scp}\n`);
      for (const name of ['ssh', 'scp']) chmodSync(join(bin, name), 0o755);
      return `${bin}:${process.env['PATH']}`;
    }
    const calls = () => readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n');

    it('makes the directory and copies each file, by the ssh and scp of this machine', async () => {
      const args = ['-c', zip, '-t', 'root@car.example', '-d', '/data/import', '-r'];
      const { code, out: text, err } = await run(args, programs());
      assert.equal(code, 0, err);
      assert.deepEqual(
        calls().map((line) => line.replace(/ \/\S*\/(\w+\.\w+) root@/, ' TMP/$1 root@')),
        ['pkey.pem', 'client.pem', 'root.crt'].flatMap((name) => [
          'ssh root@car.example mkdir -p /data/import',
          `scp TMP/${name} root@car.example:/data/import/${name}`,
        ]),
      );
      assert.match(text, /Copied: root@car\.example:\/data\/import\/pkey\.pem/);
      assert.match(err, /from ssh/);
    });

    it('passes port and host key check on', async () => {
      const { code } = await run(['-c', zip, '-t', 'car', '-p', '2222', '-s'], programs());
      assert.equal(code, 0);
      assert.match(calls()[0] ?? '', /^ssh -p 2222 -o StrictHostKeyChecking=no car mkdir/);
      assert.match(calls()[1] ?? '', /^scp -P 2222 -o StrictHostKeyChecking=no \//);
    });

    it('fails when ssh or scp does, unlike the original', async () => {
      for (const [ssh, scp] of [
        [255, 0],
        [0, 1],
      ] as const) {
        const { code, err } = await run(['-c', zip, '-t', 'car'], programs(ssh, scp));
        assert.equal(code, 69, err);
        assert.match(err, /(ssh|scp) failed with exit code (255|1)/);
      }
      const without = await run(['-c', zip, '-t', 'car'], join(folder, 'empty'));
      assert.equal(without.code, 78, without.err);
      assert.match(without.err, /ssh cannot be started/);
    });
  });

  it('refuses what contradicts, is missing or out of range, before it asks anybody', () => {
    const cases = [
      [['-c', zip], /--local, --target, or both/],
      [['-l', out()], /needs --credentials/],
      [['-c', zip, '-l', out(), '-d', '/x', '-g', '/y'], /exclude each other/],
      [['-c', zip, '-l', out(), '--fleet-ca', '/x'], /belong together/],
      [['-c', zip, '-l', out(), '--bits', '4096'], /--bits needs --fleet-ca/],
      [['--fleet-ca', '/x', '--fleet-ca-key', '/y', '-l', out(), '--bits', '1024'], /from 2048 to 8192/],
      [['--fleet-ca', '/x', '--fleet-ca-key', '/y', '-l', out(), '--certificate-c', 'DEU'], /two letters/],
      [['-c', zip, '-l', out(), '--days', '0'], /--days takes/],
      [['-c', zip, '-t', '-oProxyCommand=sh'], /needs a value|takes \[USER@\]HOST/],
      [['-c', zip, '-l', out(), '--certificate-cn', 'ä'], /printable ASCII/],
      [['-c', zip, '-l', out(), '--credential', 'x'], /Did you mean --credentials/],
    ] as const;
    for (const [args, words] of cases)
      assert.throws(
        () => readArguments(args),
        (error: unknown) => error instanceof UsageError && words.test(error.message),
        args.join(' '),
      );
  });

  it('refuses a path that ssh and scp would read differently, before it asks anybody', async () => {
    const { code, err } = await run(['-c', zip, '-t', 'car', '-d', '/x; rm -rf /']);
    assert.equal(code, 64);
    assert.match(err, /no path for files.*\nSee aktualizr-cert-provider --help\./);
    assert.equal(gateway.requests.length, 0);
  });

  it('says what is wrong with the archive, the server or the directory', async () => {
    const nowhere = await run(['-c', join(folder, 'missing.zip'), '-l', out()]);
    assert.equal(nowhere.code, 77);
    writeFileSync(join(folder, 'a-file'), '');
    const unwritable = await run(['-c', zip, '-l', join(folder, 'a-file')]);
    assert.equal(unwritable.code, 74, unwritable.err);
    assert.equal(gateway.requests.length, 0);
    const away = join(folder, 'away.zip');
    const shared = await issue({ commonName: 'shared' }, gateway.authority);
    const serverCa = gateway.authority.certificate;
    writeFileSync(away, credentialsArchive({ gatewayUrl: 'https://localhost:1', serverCa, shared }));
    assert.equal((await run(['-c', away, '-l', out()])).code, 69);
  });

  it('explains itself', async () => {
    const { code, out: text } = await run(['--help']);
    assert.equal(code, 0);
    assert.match(text, /--fleet-ca-key PEM/);
    assert.match((await run(['-v'])).out, /^\d+\.\d+\.\d+\n$/);
  });
});
