import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { createHasher, hashBytes } from '@ota-connect/uptane';
import { issue, type Issued } from './support/certificates.ts';
import { temporaryFolder } from './support/test-device.ts';
import { TransportError } from '../src/errors.ts';
import { HttpClient } from '../src/adapters/http/client.ts';
import { downloadFile } from '../src/adapters/http/download.ts';

const CONTENT = Buffer.alloc(300_000, 7);
const HEAD = `HTTP/1.1 200 OK\r\nContent-Length: ${CONTENT.length}\r\n\r\n`;
/** Whatever hangs shall fail here, not stop the run. */
const PATIENCE = { timeout: 15_000 };

describe('answers that never end', () => {
  let authority: Issued;
  let device: Issued;
  let server: Server;
  let url: string;
  let http: HttpClient;
  let folder: ReturnType<typeof temporaryFolder>;
  /** Writes to the connection whatever a server would, for a request with this head. */
  let answer: (socket: TLSSocket, head: string) => void;

  before(async () => {
    authority = await issue({ commonName: 'test authority', isAuthority: true });
    const identity = await issue({ commonName: 'localhost' }, authority);
    device = await issue({ commonName: 'device-1' }, authority);
    server = createServer({ cert: identity.certificate, key: identity.privateKey }, (socket) => {
      socket.on('error', () => socket.destroy());
      socket.on('data', (head) => answer(socket, head.toString('latin1')));
    });
    server.listen(0, 'localhost');
    await once(server, 'listening');
    url = `https://localhost:${(server.address() as AddressInfo).port}`;
  });
  after(() => void server.close());
  beforeEach(() => {
    folder = temporaryFolder();
    http = new HttpClient({
      credentials: () => ({ ca: authority.certificate, ...device }),
      userAgent: 'Aktualizr/test',
      pauseMs: 1,
      attempts: 1,
      timeoutMs: 1000,
      windowMs: 1200,
    });
  });
  afterEach(() => {
    http.close();
    folder.remove();
  });

  const imageFile = () => join(folder.path, 'IMAGE');
  const download = () =>
    downloadFile(http, {
      name: 'image',
      newHasher: createHasher,
      bootId: 'boot-1',
      url: `${url}/image`,
      file: imageFile(),
      lengthBytes: CONTENT.length,
      hashes: hashBytes(CONTENT),
      onProgress: () => undefined,
      signal: new AbortController().signal,
    });
  const get = (path: string) => http.request({ method: 'GET', url: url + path, maxBytes: 100 });
  const isTooSlow = (error: unknown) => error instanceof TransportError && error.code === 'too_slow';
  /** Again and again, until the connection is closed. */
  const drip = (socket: TLSSocket, piece: string | Uint8Array) => {
    const timer = setInterval(() => socket.write(piece), 10);
    socket.on('close', () => clearInterval(timer));
  };

  it('end a transfer, when no head comes [5.4-3]', PATIENCE, async () => {
    answer = () => undefined;
    await assert.rejects(download(), isTooSlow);
  });

  it('end a transfer, when the head comes line by line [5.4-3]', PATIENCE, async () => {
    answer = (socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      drip(socket, 'X-Wait: a\r\n');
    };
    await assert.rejects(download(), isTooSlow);
  });

  it('end a transfer, when there are only early hints [5.4-3]', PATIENCE, async () => {
    answer = (socket) => drip(socket, 'HTTP/1.1 103 Early Hints\r\n\r\n');
    await assert.rejects(download(), isTooSlow);
  });

  it('end a transfer, when the body stops [5.4-3]', PATIENCE, async () => {
    answer = (socket) => void socket.write(`${HEAD}${'7'.repeat(1000)}`);
    await assert.rejects(download(), isTooSlow);
  });

  it('leave a transfer its own time, once the head is there', PATIENCE, async () => {
    answer = (socket) => {
      socket.write(HEAD);
      let sent = 0;
      const timer = setInterval(() => {
        socket.write(CONTENT.subarray(sent, (sent += 2000)));
        if (sent >= CONTENT.length) clearInterval(timer);
      }, 10);
    };
    await download();
    assert.deepEqual(readFileSync(imageFile()), CONTENT);
  });

  it('do not hold up a transfer that is redirected', PATIENCE, async () => {
    answer = (socket, head) => {
      if (!head.startsWith('GET /image'))
        return void socket.write(Buffer.concat([Buffer.from(HEAD), CONTENT]));
      socket.write('HTTP/1.1 302 Found\r\nLocation: /next\r\nContent-Length: 99999999999\r\n\r\n');
      drip(socket, Buffer.alloc(10_000));
    };
    await download();
    assert.deepEqual(readFileSync(imageFile()), CONTENT);
  });

  for (const body of ['endless', 'silent'] as const) {
    it(
      `do not hold up a transfer, when the refusal of its range has a body that is ${body}`,
      PATIENCE,
      async () => {
        writeFileSync(imageFile(), CONTENT.subarray(0, 1000));
        answer = (socket, head) => {
          if (!/^range:/im.test(head)) return void socket.write(Buffer.concat([Buffer.from(HEAD), CONTENT]));
          socket.write('HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 99999999999\r\n\r\n');
          if (body === 'endless') drip(socket, Buffer.alloc(10_000));
        };
        await download();
        assert.deepEqual(readFileSync(imageFile()), CONTENT);
      },
    );
  }

  it('do not keep the connection from the next request, when they redirect', PATIENCE, async () => {
    answer = (socket, head) => {
      if (!head.startsWith('GET /from'))
        return void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      socket.write('HTTP/1.1 302 Found\r\nLocation: /to\r\nContent-Length: 99999999999\r\n\r\n');
      drip(socket, Buffer.alloc(10_000));
    };
    for (let n = 0; n < 3; n += 1) assert.equal((await get('/from')).status, 200);
  });

  it('keep the connection over a redirect without a body', PATIENCE, async () => {
    const connections = new Set<TLSSocket>();
    answer = (socket, head) => {
      connections.add(socket);
      if (!head.startsWith('GET /from'))
        return void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      socket.write('HTTP/1.1 302 Found\r\nLocation: /to\r\nContent-Length: 0\r\n\r\n');
    };
    assert.equal((await get('/from')).status, 200);
    assert.equal(connections.size, 1);
  });

  it('are cut off, when their headers do not end', PATIENCE, async () => {
    let written = 0;
    answer = (socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      const more = () => {
        const line = `X-Long: ${'a'.repeat(1000)}\r\n`;
        while (!socket.destroyed && written < 100_000_000) {
          written += line.length;
          if (!socket.write(line)) return void socket.once('drain', more);
        }
      };
      more();
    };
    await assert.rejects(
      get('/endless'),
      (error: unknown) => error instanceof TransportError && error.code === 'malformed',
    );
    assert.ok(written < 10_000_000, `${written} bytes of headers were taken`);
  });

  it('are not unpacked: what was asked for is never compressed', PATIENCE, async () => {
    const bomb = gzipSync(Buffer.alloc(1_000_000));
    answer = (socket, head) => {
      assert.doesNotMatch(head, /accept-encoding/i);
      const length = `Content-Length: ${bomb.length}\r\n`;
      socket.write(`HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n${length}\r\n`);
      socket.write(bomb);
    };
    const response = await http.request({ method: 'GET', url: `${url}/bomb`, maxBytes: bomb.length });
    assert.deepEqual(Buffer.from(response.body), bomb);
  });
});
