import { after, afterEach, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createHasher, hashBytes } from '@ota-connect/uptane';
import { issue } from './support/certificates.ts';
import { temporaryFolder } from './support/test-device.ts';
import { openTestGateway, type TestGateway } from './support/test-gateway.ts';
import { TransportError, type TransportCode } from '../src/errors.ts';
import { HttpClient, type HttpOptions } from '../src/adapters/http/client.ts';
import { httpStatus } from '../src/adapters/http/gateway.ts';
import { downloadFile } from '../src/adapters/http/download.ts';
import { describeFailure } from '../src/adapters/http/describe-failure.ts';

const MAX = 1000;

describe('HTTP client', () => {
  let gateway: TestGateway;
  const clients = new Set<HttpClient>();
  before(async () => {
    gateway = await openTestGateway();
  });
  afterEach(() => {
    for (const client of clients) client.close();
    clients.clear();
    gateway.requests.length = 0;
    gateway.faultOf = () => undefined;
    gateway.answerOf = () => undefined;
  });
  after(() => gateway.close());

  function open(options: Partial<HttpOptions> = {}): HttpClient {
    const client = new HttpClient({
      credentials: () => gateway.credentials,
      userAgent: 'Aktualizr/test',
      pauseMs: 1,
      ...options,
    });
    clients.add(client);
    return client;
  }

  const failsWith = (code: TransportCode, sentence: RegExp) => (error: unknown) => {
    assert.ok(error instanceof TransportError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, sentence);
    return true;
  };
  const get = (client: HttpClient, path = '/x', url = gateway.url) =>
    client.request({ method: 'GET', url: url + path, maxBytes: MAX });

  it('keeps one connection for all requests', async () => {
    const client = open();
    const before = gateway.connections();
    for (let n = 0; n < 5; n += 1) assert.equal((await get(client)).status, 200);
    assert.equal(gateway.connections(), before + 1);
  });

  it('opens a new connection, when the kept one was closed meanwhile', async () => {
    const client = open({ attempts: 1 });
    await get(client);
    gateway.faultOf = () => {
      gateway.faultOf = () => undefined;
      return { kind: 'drop' };
    };
    assert.equal((await get(client)).status, 200);
  });

  it('tries three times for errors of the server and answers with the last', async () => {
    let asked = 0;
    gateway.faultOf = () => ((asked += 1), { kind: 'status', status: 503 });
    assert.equal((await get(open())).status, 503);
    assert.equal(asked, 3);
  });

  it('waits for as long as a busy server says, when that is short', async () => {
    let asked = 0;
    gateway.answerOf = () => {
      asked += 1;
      return asked === 1
        ? { status: 503, headers: { 'retry-after': '1' }, body: new Uint8Array() }
        : { status: 200, headers: {}, body: new Uint8Array() };
    };
    const answered = get(open());
    await sleep(100);
    assert.equal(asked, 1);
    assert.equal((await answered).status, 200);
    assert.equal(asked, 2);
  });

  it('leaves a busy server alone, when it says that it takes long', async () => {
    let asked = 0;
    gateway.answerOf = () => {
      asked += 1;
      return { status: 503, headers: { 'retry-after': '120' }, body: new Uint8Array() };
    };
    const response = await get(open());
    assert.deepEqual([response.status, asked], [503, 1]);
    assert.equal(httpStatus(response, gateway.url).details.retryAfterSeconds, 120);
  });

  it('resumes its TLS session, when the connection was closed meanwhile', async () => {
    const client = open();
    await get(client);
    const before = gateway.resumed();
    client.rest();
    await get(client);
    assert.equal(gateway.resumed(), before + 1);
  });

  it('takes no more bytes a second than it may, and more as soon as it may', async () => {
    gateway.answerOf = () => ({ status: 200, headers: {}, body: Buffer.alloc(200_000) });
    const folder = temporaryFolder();
    const client = open({ bytesPerSecond: 1 });
    let received = 0;
    const done = downloadFile(client, {
      name: 'image',
      url: `${gateway.url}/image`,
      file: join(folder.path, 'IMAGE'),
      lengthBytes: 200_000,
      hashes: hashBytes(new Uint8Array(200_000)),
      onProgress: (bytes) => void (received = bytes),
      signal: new AbortController().signal,
      newHasher: createHasher,
      bootId: '',
    });
    await sleep(200);
    assert.ok(received < 200_000, `${received} bytes`);
    client.rate.set(0);
    await done;
    folder.remove();
  });

  it('never tries again, when the server refuses', async () => {
    let asked = 0;
    gateway.faultOf = () => ((asked += 1), { kind: 'status', status: 404 });
    assert.equal((await get(open())).status, 404);
    assert.equal(asked, 1);
  });

  it('names a server that cannot be reached', async () => {
    const server = createServer().listen(0, 'localhost');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    server.close();
    await once(server, 'close');
    await assert.rejects(
      get(open(), '/', `https://localhost:${port}`),
      failsWith(
        'unreachable',
        /^The server https:\/\/localhost:\d+ cannot be reached: the connection was refused\.$/,
      ),
    );
  });

  it('refuses a certificate of another authority, though the system may trust it', async () => {
    const stranger = await issue({ commonName: 'stranger', isAuthority: true });
    const client = open({ credentials: () => ({ ...gateway.credentials, ca: stranger.certificate }) });
    await assert.rejects(
      get(client),
      failsWith('tls_refused', /not issued by the certificate authority that this device trusts/),
    );
  });

  it('refuses a certificate that is for another name', async () => {
    const { address, family } = await lookup('localhost');
    const other = gateway.url.replace('localhost', family === 6 ? `[${address}]` : address);
    await assert.rejects(get(open(), '/x', other), failsWith('tls_refused', /issued for another host name/));
    assert.deepEqual(gateway.requests, []);
  });

  it('trusts nobody without credentials', async () => {
    await assert.rejects(
      get(open({ credentials: () => undefined })),
      failsWith('tls_refused', /not issued by the certificate authority/),
    );
  });

  it('says that the certificate of the server has expired', async () => {
    const expired = await openTestGateway(-1);
    const client = open({ credentials: () => expired.credentials });
    await assert.rejects(
      get(client, '/', expired.url),
      failsWith('tls_refused', /has expired, or the clock/),
    );
    await expired.close();
  });

  it('names the certificate of this device, when the server hangs up over it', async () => {
    const stranger = await issue({ commonName: 'stranger', isAuthority: true });
    const device = await issue({ commonName: 'device' }, stranger);
    const client = open({ credentials: () => ({ ca: gateway.authority.certificate, ...device }) });
    await assert.rejects(get(client), (error: unknown) => {
      assert.ok(error instanceof TransportError);
      assert.equal(error.details.reason, 'closed_after_handshake');
      return failsWith('unreachable', /may not accept the certificate of this device/)(error);
    });
  });

  it('does not take a hang-up before the handshake for an answer to the certificate', async () => {
    const server = createServer((socket) => socket.once('data', () => socket.destroy()));
    await once(server.listen(0, 'localhost'), 'listening');
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    await assert.rejects(get(open(), '/', `https://localhost:${port}`), (error: unknown) => {
      assert.ok(error instanceof TransportError);
      assert.equal(error.code, 'unreachable');
      assert.equal(error.details.reason, undefined);
      return true;
    });
    server.close();
  });

  it('tells a refused certificate of this device from an untrusted one of the server', () => {
    const alert = Object.assign(new Error('alert'), { code: 'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA' });
    const described = describeFailure(alert, new URL('https://example.org/x'));
    assert.ok(described instanceof TransportError);
    assert.equal(described.details.reason, 'device_certificate');
    assert.equal(described.message, 'https://example.org refuses the certificate of this device.');
  });

  it('refuses an address that is not https, without its query', async () => {
    const client = open();
    await assert.rejects(get(client, '/x?token=secret', 'http://localhost:1'), (error: unknown) => {
      assert.ok(error instanceof TransportError);
      assert.doesNotMatch(error.message, /secret/);
      return failsWith('unreachable', /not an https address/)(error);
    });
  });

  it('stops reading an answer that is longer than it may be', async () => {
    gateway.answerOf = () => ({ status: 200, headers: {}, body: Buffer.alloc(MAX + 1) });
    await assert.rejects(get(open()), failsWith('malformed', /longer than 1000 bytes/));
  });

  it('gives up on a server that answers too late [5.4-3]', async () => {
    gateway.faultOf = () => ({ kind: 'delay', ms: 2000 });
    await assert.rejects(
      get(open({ timeoutMs: 50 })),
      failsWith('too_slow', /no complete answer within 0\.05 s/),
    );
  });

  it('takes a server that never takes the connection for no attack', async () => {
    const { port, end } = await fullServer();
    await assert.rejects(
      get(open({ timeoutMs: 300 }), '/', `https://127.0.0.1:${port}`),
      (error: unknown) => {
        assert.ok(error instanceof TransportError);
        assert.equal(error.details.attack, undefined);
        return failsWith('too_slow', /cannot be reached: it does not answer/)(error);
      },
    );
    end();
  });

  it('gives up on a body that trickles [5.4-3]', async () => {
    gateway.faultOf = () => ({ kind: 'delay', ms: 0 });
    const client = open({ windowMs: 60, minBytesPerSecond: 1_000_000 });
    const stalled = client.stream({ method: 'GET', url: gateway.url }, async (message) => {
      message.pause();
      await once(message, 'error');
      throw message.errored ?? new Error('no error');
    });
    await assert.rejects(stalled, failsWith('too_slow', /below 1000000 bytes a second/));
  });

  it('tells a broken-off answer from an unreachable server', async () => {
    gateway.answerOf = () => ({ status: 200, headers: {}, body: Buffer.alloc(500) });
    gateway.faultOf = () => ({ kind: 'truncate', afterBytes: 100 });
    await assert.rejects(get(open()), failsWith('truncated', /broke off/));
  });

  describe('redirects', () => {
    const redirect = (status: number, location: string) => ({
      status,
      headers: { location },
      body: new Uint8Array(),
    });

    it('follows one, keeping the method where HTTP keeps it', async () => {
      gateway.answerOf = ({ path }) => (path === '/from' ? redirect(307, '/to') : undefined);
      const client = open();
      await client.request({ method: 'POST', url: `${gateway.url}/from`, body: 'text', maxBytes: MAX });
      assert.deepEqual(
        gateway.requests.map(({ method, path, text }) => `${method} ${path} ${text}`),
        ['POST /from text', 'POST /to text'],
      );
    });

    it('turns a POST into a GET at 303', async () => {
      gateway.answerOf = ({ path }) => (path === '/from' ? redirect(303, '/to') : undefined);
      await open().request({ method: 'POST', url: `${gateway.url}/from`, body: 'text', maxBytes: MAX });
      assert.equal(gateway.requests.at(-1)?.method, 'GET');
      assert.equal(gateway.requests.at(-1)?.text, '');
    });

    it('refuses one that leaves https', async () => {
      gateway.answerOf = () => redirect(302, 'http://localhost/');
      await assert.rejects(get(open()), failsWith('malformed', /not https/));
    });

    it('ends after ten', async () => {
      gateway.answerOf = () => redirect(302, '/again');
      await assert.rejects(get(open()), failsWith('malformed', /more than 10 times/));
      assert.equal(gateway.requests.length, 11);
    });

    it('have one time limit together', async () => {
      gateway.answerOf = () => redirect(302, '/again');
      gateway.faultOf = () => ({ kind: 'delay', ms: 120 });
      await assert.rejects(get(open({ timeoutMs: 500 })), failsWith('too_slow', /within 0\.5 s/));
    });
  });

  it('ends what is under way, when the process is asked to stop', async () => {
    const stop = new AbortController();
    gateway.faultOf = () => {
      stop.abort(new Error('stopped'));
      return { kind: 'delay', ms: 1000 };
    };
    await assert.rejects(get(open({ stop: () => stop.signal })), /stopped/);
  });
});

/** A server that is stopped, with its queue full: the kernel leaves further connections without an answer. */
async function fullServer(): Promise<{ port: number; end: () => void }> {
  const program =
    "const s = require('net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(s.address().port))";
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const port = Number(line.toString());
  child.kill('SIGSTOP');
  const sockets = Array.from({ length: 4 }, () => connect(port, '127.0.0.1').on('error', () => undefined));
  await sleep(100);
  return {
    port,
    end: () => {
      for (const socket of sockets) socket.destroy();
      child.kill('SIGKILL');
    },
  };
}
