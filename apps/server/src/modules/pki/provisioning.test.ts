import assert from 'node:assert/strict';
import { once } from 'node:events';
import { X509Certificate } from 'node:crypto';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { createServer, connect as tlsConnect, createSecureContext } from 'node:tls';
import { describe, it } from 'node:test';
import { manualClock, startScratchServer } from '../../../test/app.ts';
import { connect, connectWithCredentials, createCredentials, provisionDevice } from '../../../test/device.ts';
import { scratchFolder } from '../../../test/scratch-folder.ts';
import { openDatabase } from '../../platform/db/database.ts';
import { issueCertificate } from './issue-certificate.ts';

const DAY_MS = 86_400_000;

describe('shared credentials', () => {
  it('come once as an archive with the gateway, an identity and the authority to trust', async () => {
    const server = await startScratchServer();
    const credentials = await createCredentials(server);
    assert.deepEqual(Object.keys(credentials.members).toSorted(), [
      'autoprov.url',
      'autoprov_credentials.p12',
      'server_ca.pem',
    ]);
    assert.equal(Buffer.from(credentials.members['autoprov.url'] ?? []).toString(), server.gatewayUrl);
    assert.ok(new X509Certificate(credentials.ca).ca);
    const list = (await (await server.api('GET', '/provisioning/credentials')).json()) as {
      values: { id: string }[];
    };
    assert.deepEqual(
      list.values.map((item) => item.id),
      [credentials.id],
    );
    await server.dispose();
  });

  it('give a device an identity of its own: key, certificate and authority in one PKCS#12 without password', async () => {
    const server = await startScratchServer();
    const credentials = await createCredentials(server);
    const shared = connectWithCredentials(server, credentials);
    const answer = await shared.send('POST', '/devices', { body: { deviceId: 'car-1', ttl: '30' } });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['content-type'], 'application/x-pkcs12');
    assert.doesNotThrow(() => createSecureContext({ pfx: answer.body, passphrase: '' }));
    const device = connect(server.gatewayUrl, { pfx: answer.body, passphrase: '', ca: credentials.ca });
    assert.equal((await device.send('GET', '/repo/1.root.json')).status, 200);
    const peer = await certificateInside(answer.body);
    assert.equal(peer.subject, 'CN=car-1');
    assert.equal(Math.round((peer.validToDate.getTime() - Date.now()) / DAY_MS), 30);
    shared.close();
    device.close();
    await server.dispose();
  });

  it('take ttl as text, as a number, and leave it out', async () => {
    const server = await startScratchServer();
    const shared = connectWithCredentials(server, await createCredentials(server));
    for (const [deviceId, ttl] of [
      ['a', '36000'],
      ['b', 36000],
      ['c', undefined],
      ['d', '999999999'],
    ] as const) {
      assert.equal((await shared.send('POST', '/devices', { body: { deviceId, ttl } })).status, 200);
    }
    shared.close();
    await server.dispose();
  });

  it('are refused with device_already_registered, when the device id is taken', async () => {
    const server = await startScratchServer();
    const shared = connectWithCredentials(server, await createCredentials(server));
    await shared.send('POST', '/devices', { body: { deviceId: 'car-1' } });
    const answer = await shared.send('POST', '/devices', { body: { deviceId: 'car-1' } });
    assert.equal(answer.status, 409);
    assert.equal(answer.json()['code'], 'device_already_registered');
    shared.close();
    await server.dispose();
  });

  it('are refused with a code of their own, when they have expired', async () => {
    const clock = manualClock();
    const server = await startScratchServer({ clock });
    const shared = connectWithCredentials(server, await createCredentials(server, 2));
    assert.equal((await shared.send('POST', '/devices', { body: { deviceId: 'early' } })).status, 200);
    clock.advance(2 * DAY_MS);
    const answer = await shared.send('POST', '/devices', { body: { deviceId: 'late' } });
    assert.equal(answer.status, 403);
    assert.equal(answer.json()['code'], 'provisioning_credentials_expired');
    shared.close();
    await server.dispose();
  });

  it('are answered only when the device is on the disk, so that a power cut forgets no device', async () => {
    const server = await startScratchServer();
    const device = await provisionDevice(server, 'car-1');
    // What a power cut leaves in the worst case: the database file without its write-ahead log.
    const copy = join(scratchFolder(), 'ota-connect.db');
    copyFileSync(join(server.dataDir, 'ota-connect.db'), copy);
    const db = openDatabase(copy);
    const rows = await db.selectFrom('device_certificates').select('device_id').execute();
    assert.deepEqual(
      rows.map((row) => row.device_id),
      ['car-1'],
    );
    await db.destroy();
    device.close();
    await server.dispose();
  });

  it('are listed page by page, newest first', async () => {
    const server = await startScratchServer();
    const ids = [];
    for (let i = 0; i < 3; i += 1) ids.unshift((await createCredentials(server)).id);
    type Page = { values: { id: string }[]; nextCursor?: string };
    const first = (await (await server.api('GET', '/provisioning/credentials?limit=2')).json()) as Page;
    const path = `/provisioning/credentials?limit=2&cursor=${first.nextCursor}`;
    const second = (await (await server.api('GET', path)).json()) as Page;
    assert.deepEqual(
      [...first.values, ...second.values].map((item) => item.id),
      ids,
    );
    assert.equal(second.nextCursor, undefined);
    await server.dispose();
  });

  it('open nothing but /devices, and device credentials do not open that', async () => {
    const server = await startScratchServer();
    const shared = connectWithCredentials(server, await createCredentials(server));
    const asDevice = await shared.send('GET', '/repo/root.json');
    assert.equal(asDevice.status, 403);
    assert.equal(asDevice.json()['code'], 'device_credentials_required');
    const device = await provisionDevice(server, 'car-1');
    const again = await device.send('POST', '/devices', { body: { deviceId: 'car-2' } });
    assert.equal(again.status, 403);
    assert.equal(again.json()['code'], 'provisioning_credentials_required');
    shared.close();
    device.close();
    await server.dispose();
  });

  it('refuse a body without a device id, or with one that no certificate can carry', async () => {
    const server = await startScratchServer();
    const shared = connectWithCredentials(server, await createCredentials(server));
    for (const body of [{}, { deviceId: '' }, { deviceId: 'x'.repeat(65) }, { deviceId: 'gr\u00fcn' }, []]) {
      const answer = await shared.send('POST', '/devices', { body });
      assert.equal(answer.status, 400);
      assert.equal(answer.json()['code'], 'invalid_entity');
    }
    shared.close();
    await server.dispose();
  });
});

describe('device gateway', () => {
  it('does not talk to whoever shows no certificate, or one of another authority [5.3.1-7]', async () => {
    const server = await startScratchServer();
    const { ca } = await createCredentials(server);
    const foreignCa = await issueCertificate({
      commonName: 'OTA Connect fleet',
      notAfterMs: Date.now() + DAY_MS,
      use: 'authority',
    });
    const foreign = await issueCertificate(
      { commonName: 'car-1', notAfterMs: Date.now() + DAY_MS, use: 'client' },
      foreignCa,
    );
    for (const identity of [{}, { cert: foreign.certificate, key: foreign.privateKey }]) {
      const stranger = connect(server.gatewayUrl, { ca, ...identity });
      await assert.rejects(stranger.send('GET', '/repo/root.json'), (error: NodeJS.ErrnoException) =>
        /SSL|ECONNRESET|EPIPE/.test(String(error.code)),
      );
      stranger.close();
    }
    await server.dispose();
  });

  it('shows certificates that a clock from before 1970 takes for begun', async () => {
    const server = await startScratchServer();
    const { ca } = await createCredentials(server);
    const socket = tlsConnect({ port: Number(new URL(server.gatewayUrl).port), host: 'localhost', ca });
    await once(socket, 'secureConnect');
    const chain = [socket.getPeerX509Certificate(), new X509Certificate(ca)];
    for (const certificate of chain) assert.ok((certificate?.validFromDate.getTime() ?? 0) < 0);
    socket.on('error', () => undefined).destroy();
    await server.dispose();
  });

  it('knows a device by its certificate, not by the name in it [5.3.2.1-1]', async () => {
    const server = await startScratchServer();
    const device = await provisionDevice(server, 'car-1');
    device.close();
    // Same authority, same name, but never recorded: as after a restore of an older database.
    await server.ctx.db.deleteFrom('device_certificates').execute();
    const answer = await device.send('GET', '/repo/root.json');
    assert.equal(answer.status, 403);
    assert.equal(answer.json()['code'], 'unknown_certificate');
    device.close();
    await server.dispose();
  });

  it('resumes TLS sessions, and still knows who it talks to', async () => {
    const server = await startScratchServer();
    const credentials = await createCredentials(server);
    const shared = connectWithCredentials(server, credentials);
    const { body: pfx } = await shared.send('POST', '/devices', { body: { deviceId: 'car-1' } });
    shared.close();
    const first = await rawRequest(server.gatewayUrl, { pfx, ca: credentials.ca });
    const second = await rawRequest(server.gatewayUrl, { pfx, ca: credentials.ca, session: first.session });
    assert.deepEqual([first.reused, second.reused], [false, true]);
    assert.match(second.head, /^HTTP\/1.1 200/);
    await server.dispose();
  });

  it('speaks TLS 1.2 and 1.3, and nothing older', async () => {
    const server = await startScratchServer();
    const credentials = await createCredentials(server);
    const pfx = Buffer.from(credentials.members['autoprov_credentials.p12'] ?? []);
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const client = connect(server.gatewayUrl, {
        pfx,
        passphrase: '',
        ca: credentials.ca,
        minVersion: version,
        maxVersion: version,
      });
      assert.equal((await client.send('GET', '/repo/root.json')).status, 403, version);
      client.close();
    }
    const old = connect(server.gatewayUrl, {
      pfx,
      passphrase: '',
      ca: credentials.ca,
      minVersion: 'TLSv1.1',
      maxVersion: 'TLSv1.1',
    });
    await assert.rejects(old.send('GET', '/repo/root.json'));
    old.close();
    await server.dispose();
  });

  it('answers unknown paths with a JSON problem', async () => {
    const server = await startScratchServer();
    const device = await provisionDevice(server, 'car-1');
    for (const path of ['/nowhere', '/repo/99.root.json', '/repo/delegations/x.json', '/treehub/config']) {
      const answer = await device.send('GET', path);
      assert.equal(answer.status, 404);
      assert.equal(typeof answer.json()['code'], 'string');
    }
    device.close();
    await server.dispose();
  });

  it('renews its certificate before the end, under the same authority', async () => {
    const clock = manualClock();
    const server = await startScratchServer({ clock });
    const { ca } = await createCredentials(server);
    const before = await server.ctx.db
      .selectFrom('server_certificates')
      .selectAll()
      .where('kind', '=', 'gateway')
      .executeTakeFirst();
    clock.advance(350 * DAY_MS);
    const later = await server.restart();
    const after = await later.ctx.db
      .selectFrom('server_certificates')
      .selectAll()
      .where('kind', '=', 'gateway')
      .executeTakeFirst();
    assert.notEqual(after?.certificate, before?.certificate);
    assert.ok(new X509Certificate(after?.certificate ?? '').checkIssued(new X509Certificate(ca)));
    await later.dispose();
  });

  it('gets a new certificate, when a name is added', async () => {
    const server = await startScratchServer();
    await server.close();
    const renamed = await startScratchServer({ dataDir: server.dataDir, hostNames: ['ota.example.com'] });
    const query = renamed.ctx.db.selectFrom('server_certificates').selectAll().where('kind', '=', 'gateway');
    const { certificate } = await query.executeTakeFirstOrThrow();
    assert.equal(new X509Certificate(certificate).checkHost('ota.example.com'), 'ota.example.com');
    await renamed.dispose();
  });

  it('carries the configured names in its certificate', async () => {
    const server = await startScratchServer({ hostNames: ['ota.example.com', '10.1.2.3', 'fd00::7'] });
    const { members } = await createCredentials(server);
    const row = await server.ctx.db
      .selectFrom('server_certificates')
      .selectAll()
      .where('kind', '=', 'gateway')
      .executeTakeFirst();
    const certificate = new X509Certificate(row?.certificate ?? '');
    assert.equal(certificate.checkHost('ota.example.com'), 'ota.example.com');
    assert.equal(certificate.checkHost('localhost'), 'localhost');
    for (const ip of ['127.0.0.1', '10.1.2.3', '::1', 'fd00::7']) assert.ok(certificate.checkIP(ip), ip);
    assert.match(Buffer.from(members['autoprov.url'] ?? []).toString(), /^https:\/\/ota\.example\.com:\d+$/);
    await server.dispose();
  });
});

/** The leaf that a PKCS#12 makes a client show. */
async function certificateInside(pfx: Buffer): Promise<X509Certificate> {
  const server = createServer({ pfx, passphrase: '' });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const socket = tlsConnect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  await new Promise((resolve) => socket.once('secureConnect', resolve));
  const certificate = socket.getPeerX509Certificate();
  socket.destroy();
  server.close();
  if (!certificate) throw new Error('the archive holds no certificate');
  return certificate;
}

type RawAnswer = { readonly head: string; readonly session: Buffer; readonly reused: boolean };

async function rawRequest(
  url: string,
  tls: { pfx: Buffer; ca: string; session?: Buffer },
): Promise<RawAnswer> {
  const { port } = new URL(url);
  const socket = tlsConnect({
    port: Number(port),
    host: '127.0.0.1',
    servername: 'localhost',
    passphrase: '',
    ...tls,
  });
  let session: Buffer = Buffer.alloc(0);
  let reused = false;
  socket.once('secureConnect', () => (reused = socket.isSessionReused()));
  socket.on('session', (ticket: Buffer) => (session = ticket));
  socket.write('GET /repo/root.json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return { head: Buffer.concat(chunks).toString().slice(0, 100), session, reused };
}
