import { after, afterEach, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { TransportError } from '../src/errors.ts';
import { HttpClient, type HttpOptions } from '../src/adapters/http/client.ts';
import { openTestGateway, type TestGateway } from './support/test-gateway.ts';
import { openTestProxy, type TestProxy } from './support/test-proxy.ts';

const SECRET = 'jane:s3cret';

describe('HTTP client behind a proxy', () => {
  let gateway: TestGateway;
  let proxy: TestProxy;
  const clients = new Set<HttpClient>();
  before(async () => {
    gateway = await openTestGateway();
    proxy = await openTestProxy(SECRET);
  });
  afterEach(() => {
    for (const client of clients) client.close();
    clients.clear();
    proxy.asked.length = 0;
    proxy.answer = undefined;
    gateway.requests.length = 0;
  });
  after(async () => {
    await gateway.close();
    await proxy.close();
  });

  const open = (options: Partial<HttpOptions> = {}) => {
    const client = new HttpClient({
      credentials: () => gateway.credentials,
      userAgent: 'Aktualizr/test',
      environment: {},
      attempts: 1,
      timeoutMs: 5000,
      ...options,
    });
    clients.add(client);
    return client;
  };
  const get = (client: HttpClient) =>
    client.request({ method: 'GET', url: `${gateway.url}/x`, maxBytes: 100 });
  const withSecret = () => ({ url: proxy.url.replace('//', `//${SECRET}@`), noProxy: '' });
  const place = () => new URL(gateway.url).host;

  it('asks the gateway through a tunnel, TLS and the certificate of the device going from end to end', async () => {
    const client = open({ proxy: withSecret() });
    for (let n = 0; n < 3; n += 1) assert.equal((await get(client)).status, 200);
    assert.deepEqual(
      proxy.asked.map((asked) => asked.place),
      [place()],
    );
    assert.equal(gateway.requests.length, 3);
    assert.equal(gateway.requests[0]?.headers['proxy-authorization'], undefined);
  });

  it('takes the proxy of the environment, and leaves out what that leaves out', async () => {
    const environment = { https_proxy: withSecret().url };
    await get(open({ environment }));
    assert.equal(proxy.asked.length, 1);
    await get(open({ environment: { ...environment, no_proxy: 'localhost' } }));
    assert.equal(proxy.asked.length, 1);
  });

  it('says that the proxy wants another password, without telling the one that it was given', async () => {
    const client = open({ proxy: { url: proxy.url, user: 'jane', password: 'wr0ng', noProxy: '' } });
    await assert.rejects(get(client), (error: unknown) => {
      assert.ok(error instanceof TransportError);
      assert.equal(error.code, 'unreachable');
      assert.equal(error.details.reason, 'proxy');
      assert.match(error.message, /^The proxy http:\/\/localhost:\d+ opens no way: .*password \(407\)\.$/);
      assert.doesNotMatch(JSON.stringify(error) + String(error.cause), /wr0ng/);
      return true;
    });
  });

  for (const [what, answer, sentence] of [
    ['does not answer in HTTP', 'SSH-2.0-hello\r\n\r\n', /does not answer in HTTP/],
    ['answers without an end', `HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(5000)}`, /does not end/],
    ['refuses', 'HTTP/1.1 403 Forbidden\r\n\r\n', /answered 403/],
  ] as const) {
    it(`names a proxy that ${what}`, async () => {
      proxy.answer = (socket) => void socket.write(answer);
      await assert.rejects(
        get(open({ proxy: withSecret() })),
        (error: unknown) => error instanceof TransportError && sentence.test(error.message),
      );
    });
  }

  it('names a proxy that hangs up, and one that says nothing', async () => {
    proxy.answer = (socket) => void socket.destroy();
    await assert.rejects(
      get(open({ proxy: withSecret() })),
      /opens no way: (it closed|the connection failed)/,
    );
    proxy.answer = () => undefined;
    await assert.rejects(
      get(open({ proxy: withSecret(), timeoutMs: 200 })),
      (error: unknown) => error instanceof TransportError,
    );
  });

  it('changes it while it runs, for the next connection', async () => {
    const client = open();
    await get(client);
    assert.equal(proxy.asked.length, 0);
    client.useProxy({ url: proxy.url, user: 'jane', password: 's3cret', noProxy: '' });
    await get(client);
    assert.equal(proxy.asked.length, 1);
    client.useProxy({ url: '', noProxy: '' });
    await get(client);
    assert.equal(proxy.asked.length, 1);
  });
});
