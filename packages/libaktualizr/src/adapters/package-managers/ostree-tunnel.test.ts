import { afterEach, beforeEach, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { TransportError } from '../../errors.ts';
import { withTunnel, type NetworkSettings } from './ostree-tunnel.ts';

describe('tunnel for libostree', () => {
  let server: Server;
  let place: string;
  let taken: number;
  let settings: NetworkSettings;
  beforeEach(async () => {
    server = createServer((socket) => socket.on('data', (piece) => socket.write(`echo ${String(piece)}`)));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    place = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    taken = 0;
    settings = {
      proxy: { url: '', noProxy: '*' },
      rate: {
        bytesPerSecond: 1_000_000,
        take: (bytes) => {
          taken += bytes;
          return 1;
        },
        wait: (ms, done) => {
          setTimeout(done, ms);
          return () => undefined;
        },
      },
    };
  });
  afterEach(() => void server.close());

  async function say(proxy: string | undefined, ...words: readonly string[]): Promise<string> {
    const { hostname, port } = new URL(proxy ?? '');
    const socket: Socket = connect(Number(port), hostname);
    let heard = '';
    socket.setEncoding('latin1').on('data', (piece: string) => (heard += piece));
    for (const word of words) {
      socket.write(word);
      await once(socket, 'data');
    }
    socket.destroy();
    return heard;
  }

  const ask = (where: string) => `CONNECT ${where} HTTP/1.1\r\nHost: ${where}\r\n\r\n`;

  it('is there only, when something has to go through it', async () => {
    const unlimited = { ...settings, rate: { ...settings.rate, bytesPerSecond: 0 } };
    assert.equal(await withTunnel(unlimited, `https://${place}`, async (proxy) => proxy), undefined);
  });

  it('passes on both ways, and counts what comes', async () => {
    const heard = await withTunnel(settings, `https://${place}/treehub`, (proxy) =>
      say(proxy, ask(place), 'hello'),
    );
    assert.equal(heard, 'HTTP/1.1 200 Connection established\r\n\r\necho hello');
    assert.equal(taken, 'echo hello'.length);
  });

  it('leads to no other place, and understands nothing but CONNECT', async () => {
    await withTunnel(settings, `https://${place}`, async (proxy) => {
      assert.match(await say(proxy, ask('127.0.0.1:1')), /^HTTP\/1\.1 403 /);
      assert.match(await say(proxy, `GET https://${place}/ HTTP/1.1\r\n\r\n`), /^HTTP\/1\.1 403 /);
    });
  });

  it('says why there is no way, where libcurl can only say that there is none', async () => {
    server.close();
    await assert.rejects(
      withTunnel(settings, `https://${place}`, async (proxy) => {
        assert.match(await say(proxy, ask(place)), /^HTTP\/1\.1 502 /);
        throw new TransportError('truncated', 'The answer broke off.');
      }),
      /cannot be reached: the connection was refused/,
    );
  });

  it('goes through the proxy that is configured, with its password', async () => {
    let asked = '';
    const proxy = createServer((client) => {
      client.once('data', (piece) => {
        asked = String(piece);
        const upstream = connect(Number(place.split(':')[1]), '127.0.0.1');
        client.write('HTTP/1.1 200 OK\r\n\r\n');
        client.pipe(upstream).pipe(client);
      });
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const url = `http://me:secret@127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const through = { ...settings, proxy: { url, noProxy: 'example.org' } };
    const heard = await withTunnel(through, `https://${place}`, (own) => say(own, ask(place), 'hello'));
    assert.match(heard, /echo hello$/);
    assert.match(asked, new RegExp(`^CONNECT ${place} `));
    assert.ok(asked.includes(`Proxy-Authorization: Basic ${Buffer.from('me:secret').toString('base64')}`));
    proxy.close();
  });
});
