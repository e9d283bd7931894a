// A device whose keys never leave a token: TLS key and certificate put there at the factory, the Uptane key made there by
// the device. SoftHSM is the token, our server the server. client-features PRV-03, CFG-02 to -12, KEY-02
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { verifySignature } from '@ota-connect/uptane';
import { Pkcs11Token } from '../../packages/libaktualizr/src/adapters/keys/pkcs11-token.ts';
import { createTokenSigner, uptaneKeyOf } from '../../packages/libaktualizr/src/adapters/keys/pkcs11-keys.ts';
import { launchCampaign, makeImage } from '../../e2e/support/campaign.ts';
import { gatewayClient, readCredentials } from '../../e2e/support/gateway-client.ts';
import { runCommand, startSystem, type Finished, type System } from '../../e2e/support/system.ts';

const MODULE = '/usr/lib/softhsm/libsofthsm2.so';
const PIN = '86420975';

function tool(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): string {
  const done = spawnSync(command, args, { encoding: 'utf8', env: { ...process.env, ...env } });
  assert.equal(done.status, 0, `${command} ${args[0]}: ${done.stderr}${done.stdout}`);
  return done.stdout;
}

type Identity = { readonly folder: string; readonly ca: string };

/** Key and certificate of a device, as a factory gets them from the server: PEM files in a folder. */
async function identityFromServer(system: System, deviceId: string): Promise<Identity> {
  const folder = path.join(system.folder, deviceId);
  mkdirSync(folder);
  const zip = path.join(folder, 'credentials.zip');
  await system.ota('credentials', 'create', '--output', zip);
  const credentials = readCredentials(zip);
  const bootstrap = gatewayClient(system.gatewayUrl, credentials);
  const answer = await bootstrap.send('POST', '/devices', JSON.stringify({ deviceId, ttl: '365' }));
  bootstrap.close();
  const p12 = path.join(folder, 'device.p12');
  writeFileSync(p12, answer.body);
  const openssl = (...more: string[]) => tool('openssl', ['pkcs12', '-in', p12, '-passin', 'pass:', ...more]);
  const part = (text: string, label: string) =>
    new RegExp(`-----BEGIN ${label}-----[^]*?-----END ${label}-----\n`).exec(text)?.[0] ?? assert.fail(label);
  const key = part(openssl('-nocerts', '-nodes'), 'PRIVATE KEY');
  writeFileSync(path.join(folder, 'tls.key'), key);
  const certificate = part(openssl('-clcerts', '-nokeys'), 'CERTIFICATE');
  writeFileSync(path.join(folder, 'tls.der'), new X509Certificate(certificate).raw);
  return { folder, ca: String(credentials.ca) };
}

/** A token with the TLS key (02) and certificate (01). Answers the environment that leads to it. */
function makeToken({ folder }: Identity): NodeJS.ProcessEnv {
  const tokens = path.join(folder, 'tokens');
  mkdirSync(tokens);
  const conf = path.join(folder, 'softhsm2.conf');
  writeFileSync(conf, `directories.tokendir = ${tokens}\nobjectstore.backend = file\nlog.level = ERROR\n`);
  const env = { SOFTHSM2_CONF: conf };
  const token = ['--token', 'device', '--pin', PIN];
  tool(
    'softhsm2-util',
    ['--init-token', '--free', '--label', 'device', '--pin', PIN, '--so-pin', '13579'],
    env,
  );
  const key = ['--import', path.join(folder, 'tls.key'), '--label', 'tls', '--id', '02'];
  tool('softhsm2-util', [...key, ...token], env);
  const object = ['--write-object', path.join(folder, 'tls.der'), '--type', 'cert', '--id', '01'];
  tool('pkcs11-tool', ['--module', MODULE, '--login', '--pin', PIN, ...object], env);
  return env;
}

type Device = {
  readonly configDir: string;
  /** `settings` replace those of [p11]; `more` comes behind all. */
  readonly run: (
    args: readonly string[],
    settings?: Readonly<Record<string, string>>,
    more?: string,
  ) => Promise<Finished>;
};

function deviceIn(system: System, { folder, ca }: Identity, env: NodeJS.ProcessEnv): Device {
  const imports = path.join(folder, 'import');
  mkdirSync(imports);
  writeFileSync(path.join(imports, 'root.crt'), ca);
  const configDir = path.join(folder, 'conf.d');
  mkdirSync(configDir);
  const p11 = {
    module: MODULE,
    pass: PIN,
    uptane_key_id: '03',
    tls_pkey_id: '02',
    tls_clientcert_id: '01',
  };
  const run: Device['run'] = (args, settings = {}, more = '') => {
    const lines = Object.entries({ ...p11, ...settings }).map(([key, value]) => `${key} = "${value}"`);
    const text = `[p11]
${lines.join('\n')}

[tls]
server = "${system.gatewayUrl}"
pkey_source = "pkcs11"
cert_source = "pkcs11"

[provision]
primary_ecu_hardware_id = "e2e-board"

[uptane]
key_source = "pkcs11"
key_type = "RSA3072"

[import]
base_path = "${imports}"
tls_cacert_path = "root.crt"

[storage]
path = "${path.join(folder, 'storage')}"

[pacman]
type = "none"
images_path = "${path.join(folder, 'images')}"

[bootloader]
reboot_sentinel_dir = "${path.join(folder, 'session')}"
${more}`;
    writeFileSync(path.join(configDir, 'device.toml'), text);
    return runCommand('aktualizr', ['--config', configDir, ...args], env);
  };
  return { configDir, run };
}

describe('a device with its keys in a token', () => {
  let system: System;
  let identity: Identity;
  let env: NodeJS.ProcessEnv;
  let device: Device;
  before(async () => {
    system = await startSystem();
    identity = await identityFromServer(system, 'in-token');
    env = makeToken(identity);
    device = deviceIn(system, identity, env);
  });
  after(() => system.stop());

  it('names a wrong PIN, a module or an object that is not there, and starts nothing', async () => {
    const cases = [
      [{ pass: '0000' }, /does not take the PIN \(p11\.pass\)/],
      [{ module: '/usr/lib/no-such-module.so' }, /no-such-module\.so \(p11\.module\) cannot be loaded/],
      [{ module: '' }, /p11\.module has to name the library/],
      [{ tls_pkey_id: '77' }, /holds no private key with the id 77 \(p11\.tls_pkey_id\)/],
      [{ tls_clientcert_id: '78' }, /holds no certificate with the id 78 \(p11\.tls_clientcert_id\)/],
      [{ tls_pkey_id: 'key' }, /p11\.tls_pkey_id "key" is no id in hexadecimal/],
    ] as const;
    for (const [settings, words] of cases) {
      const { code, stderr } = await device.run(['check'], settings);
      assert.equal(code, 78, stderr);
      assert.match(stderr, words);
    }
  });

  it('names a token that was never initialised', async () => {
    assert.equal((await device.run(['--check-config'])).code, 0);
    const folder = path.join(system.folder, 'blank');
    mkdirSync(folder);
    const conf = path.join(folder, 'softhsm2.conf');
    writeFileSync(conf, `directories.tokendir = ${folder}\nobjectstore.backend = file\n`);
    const { code, stderr } = await runCommand('aktualizr', ['--config', device.configDir, 'check'], {
      SOFTHSM2_CONF: conf,
    });
    assert.equal(code, 78, stderr);
    assert.match(stderr, /has no token that was initialised/);
  });

  it('provisions itself, makes its Uptane key there and does a whole update; the PIN is nowhere', async () => {
    const first = await device.run(['check', '--loglevel', '0']);
    assert.equal(first.code, 0, first.stderr);
    assert.doesNotMatch(first.stderr, /engine/);
    const objects = tool('pkcs11-tool', ['--module', MODULE, '--login', '--pin', PIN, '--list-objects'], env);
    assert.match(objects, /RSA 3072|bits: 3072|modulus/i);
    await system.ota('group', 'create', '--name', 'token', '--expression', 'deviceid contains in-token');
    const file = makeImage(system, 'for-token.bin', 100_000);
    await launchCampaign(system, { name: 'token-1', file, group: 'token' });
    const once = await device.run(['once', '--loglevel', '0']);
    assert.equal(once.code, 0, once.stderr);
    const info = await runCommand('aktualizr-info', ['--config', device.configDir, '--json'], env);
    assert.match(info.stdout, /for-token\.bin/);
    type List = { readonly values: readonly { readonly deviceId: string; readonly uuid: string }[] };
    const { values } = (await system.ota('device', 'list')) as List;
    const row = values.find(({ deviceId }) => deviceId === 'in-token') ?? assert.fail('not registered');
    const updates = (await system.ota('device', 'updates', row.uuid)) as {
      values: { state: string }[];
    };
    assert.deepEqual(
      updates.values.map(({ state }) => state),
      ['completed'],
    );
    const everything = [first, once].map(({ stdout, stderr }) => stdout + stderr).join('');
    assert.doesNotMatch(everything, new RegExp(PIN));
    cpSync(path.join(identity.folder, 'storage', 'sql.db'), path.join(identity.folder, 'copy.db'));
    const dump = tool('sqlite3', [path.join(identity.folder, 'copy.db'), '.dump']);
    assert.doesNotMatch(dump, new RegExp(PIN));
    assert.doesNotMatch(dump, /PRIVATE KEY/);
  });

  it('goes on with the same key after a restart', async () => {
    const again = await device.run(['check']);
    assert.equal(again.code, 0, again.stderr);
  });

  it('gets a new certificate for the key in the token, when the certificate is a file', async () => {
    const old = new X509Certificate(readFileSync(path.join(identity.folder, 'tls.der')));
    writeFileSync(path.join(identity.folder, 'import', 'client.pem'), old.toString());
    const more =
      '\n[tls]\ncert_source = "file"\n[import]\ntls_clientcert_path = "client.pem"\n[provision]\nrenew_before_days = 1000\n';
    const renewing = await device.run(['check'], {}, more);
    assert.equal(renewing.code, 0, renewing.stderr);
    assert.match(renewing.stderr, /The certificate of this device was renewed/);
    const shown = await runCommand('aktualizr-info', ['--config', device.configDir, '--tls-cert'], env);
    const renewed = new X509Certificate(shown.stdout);
    assert.notEqual(renewed.serialNumber, old.serialNumber);
    assert.ok(renewed.publicKey.equals(old.publicKey));
    const again = await device.run(['check'], {}, more);
    assert.equal(again.code, 0, again.stderr);
    assert.doesNotMatch(again.stderr, /renewed/);
  });

  it('signs manifests by a token that knows no PSS too', async () => {
    process.env['SOFTHSM2_CONF'] = env['SOFTHSM2_CONF'];
    const token = await Pkcs11Token.open({ module: MODULE, pin: PIN });
    const key = uptaneKeyOf(token, '03', 'RSA3072');
    const { library } = token;
    const unknown = { ...library.api, CKM_RSA_PKCS_PSS: 0x7fff0001 };
    for (const api of [library.api, unknown]) {
      Object.defineProperty(token, 'library', { value: { ...library, api }, configurable: true });
      const signer = createTokenSigner(token, '03', key);
      const message = Buffer.from('a manifest');
      const sig = Buffer.from(await signer.sign(message)).toString('base64');
      assert.equal(verifySignature(key, { method: 'rsassa-pss', sig }, message), true);
    }
  });
});
