import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { startScratchServer, type ScratchServer } from './app.ts';
import { provisionDevice } from './device.ts';

/** Without a mend these tests would wait for the server to get tired. */
const PATIENCE = { timeout: 10_000 };

function open(url: string): Socket {
  return connect({ port: Number(new URL(url).port), host: '127.0.0.1' });
}

/** Everything up to the end that the server makes; our side stays open. */
async function talk(url: string, text: string): Promise<string> {
  const socket = open(url);
  socket.write(text);
  return untilClosed(socket);
}

function untilClosed(socket: Socket): Promise<string> {
  let heard = '';
  socket.on('data', (chunk) => (heard += String(chunk)));
  // A reset is an end as well: what was not read of us is thrown away.
  socket.on('error', () => socket.destroy());
  return new Promise((resolve) => socket.once('close', () => resolve(heard)));
}

function assertProblem(answer: string, status: number, code: string): void {
  assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `));
  assert.match(answer, /content-type: application\/problem\+json/i);
  const body = answer.slice(answer.indexOf('\r\n\r\n') + 4);
  assert.equal((JSON.parse(body) as { code: string }).code, code);
}

async function withLimits(limits: Partial<ScratchServer['ctx']['config']['limits']>): Promise<ScratchServer> {
  const server = await startScratchServer();
  const { dataDir } = server;
  const all = server.ctx.config.limits;
  await server.close();
  return startScratchServer({ dataDir, limits: { ...all, ...limits } });
}

describe('user API, asked by a stranger', () => {
  const unread = 'host: x\r\ncontent-length: 100000000\r\n\r\nabc';

  it('answers 401 and lets go, however long the body will be', PATIENCE, async (test) => {
    const server = await startScratchServer();
    test.after(() => server.dispose());
    for (const head of [
      'PUT /api/v3/software/x?hardwareIds=y HTTP/1.1\r\n',
      'POST /api/v3/groups HTTP/1.1\r\nauthorization: Bearer wrong\r\n',
      'GET /api/v3/devices HTTP/1.1\r\n',
    ]) {
      const answer = await talk(server.apiUrl, head + unread);
      assertProblem(answer, 401, 'not_signed_in');
      assert.match(answer, /\r\nconnection: close\r\n/i);
    }
  });

  it('reads no body for a page that is not there, or that takes none', PATIENCE, async (test) => {
    const server = await startScratchServer();
    test.after(() => server.dispose());
    assertProblem(await talk(server.apiUrl, `POST /nothing HTTP/1.1\r\n${unread}`), 404, 'not_found');
    assert.match(await talk(server.apiUrl, `GET /health HTTP/1.1\r\n${unread}`), /^HTTP\/1\.1 200 /);
  });

  it('keeps a connection that asks for nothing more than a page', async (test) => {
    const server = await startScratchServer();
    test.after(() => server.dispose());
    const answer = await fetch(`${server.apiUrl}/nothing`);
    assert.equal(answer.headers.get('connection'), 'keep-alive');
    assert.equal(((await answer.json()) as { code: string }).code, 'not_found');
  });
});

describe('what is no request', () => {
  it('is answered with a problem document all the same', async (test) => {
    const server = await startScratchServer();
    test.after(() => server.dispose());
    assertProblem(await talk(server.apiUrl, 'HELLO\r\n\r\n'), 400, 'invalid_request');
    const longLine = `GET / HTTP/1.1\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`;
    assertProblem(await talk(server.apiUrl, longLine), 431, 'headers_too_large');
    for (const path of ['/api/v3/devices/%zz', `/api/v3/devices/${'x'.repeat(2000)}`]) {
      const answer = await fetch(server.apiUrl + path);
      assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/);
      assert.equal(answer.status >= 400 && answer.status < 500, true);
      assert.equal(typeof ((await answer.json()) as { code: unknown }).code, 'string');
    }
  });

  it('is answered so by the gateway too', async (test) => {
    const server = await startScratchServer();
    test.after(() => server.dispose());
    const device = await provisionDevice(server, 'car');
    test.after(() => device.close());
    const answer = await device.send('GET', '/repo/targets/%zz');
    assert.equal(answer.status, 400);
    assert.match(String(answer.headers['content-type']), /^application\/problem\+json/);
    assert.equal(answer.json()['code'], 'invalid_entity');
    assert.equal(answer.json()['status'], 400);
  });
});

describe('a connection', () => {
  it('ends when no TLS handshake comes', PATIENCE, async (test) => {
    const server = await withLimits({ handshakeMs: 100 });
    test.after(() => server.dispose());
    assert.equal(await untilClosed(open(server.gatewayUrl)), '');
  });

  it('ends with 408 when its header lines do not come', PATIENCE, async (test) => {
    const server = await withLimits({ headersMs: 100 });
    test.after(() => server.dispose());
    assertProblem(await talk(server.apiUrl, 'GET / HTTP/1.1\r\n'), 408, 'request_timeout');
  });

  it('is one too many beyond the configured number, for each listener', PATIENCE, async (test) => {
    const server = await withLimits({ maxConnections: 1 });
    test.after(() => server.dispose());
    for (const url of [server.apiUrl, server.gatewayUrl]) {
      const first = open(url);
      await new Promise((resolve) => first.once('connect', resolve));
      assert.equal(await untilClosed(open(url)), '');
      assert.equal(first.destroyed, false);
      first.destroy();
    }
  });
});
