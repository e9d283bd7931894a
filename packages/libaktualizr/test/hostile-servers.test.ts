// Every kind of bad answer to every request that the device makes: a named error or a known outcome, soon, and nothing that
// the answer says becomes a property of ours. Answers that never end are in hostile-answers.test.ts.
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { CodedError, createHasher, hashBytes, MetadataError, type MetadataStore } from '@ota-connect/uptane';
import { MemoryMetadataStore } from '@ota-connect/testkit';
import { HttpClient } from '../src/adapters/http/client.ts';
import { downloadFile } from '../src/adapters/http/download.ts';
import { createHttpGateway } from '../src/adapters/http/gateway.ts';
import { createHttpMetadataSource } from '../src/adapters/http/metadata-source.ts';
import { readPkcs12 } from '../src/provisioning/pkcs12.ts';
import { issue, type Issued } from './support/certificates.ts';
import { setStage } from './support/stage.ts';
import { temporaryFolder } from './support/test-device.ts';

const CONTENT = Buffer.alloc(40_000, 7);
const POLLUTING =
  '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"toString":1,"hasOwnProperty":1}';

const withLength = (body: string | Buffer, headers = '', status = '200 OK') =>
  Buffer.concat([
    Buffer.from(`HTTP/1.1 ${status}\r\n${headers}Content-Length: ${body.length}\r\n\r\n`),
    Buffer.from(body),
  ]);
const json = (body: string, status?: string) =>
  withLength(body, 'Content-Type: application/json\r\n', status);
const chunked = (body: string) => Buffer.from(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${body}`);

const ANSWERS: Readonly<Record<string, Buffer>> = {
  'a page of a portal': withLength('<html>Sign in</html>', 'Content-Type: text/html; charset=utf-8\r\n'),
  'a page without a type': withLength('<!DOCTYPE html><html></html>'),
  'nothing at all': withLength(''),
  'half of a document': json('{"signatures":[{"keyid":"ab'),
  'a list': json('[]'),
  'a number': json('7'),
  null: json('null'),
  'names of prototypes': json(POLLUTING),
  'names of prototypes inside': json(`{"campaigns":[${POLLUTING}],"signed":${POLLUTING},"signatures":[]}`),
  'names of prototypes in a refusal': json(POLLUTING, '400 Bad Request'),
  'a refusal without an end': json('{"code":"', '409 Conflict'),
  'a refusal that is a page': withLength('<html>', 'Content-Type: text/html\r\n', '403 Forbidden'),
  'a tower of brackets': json('['.repeat(60_000)),
  'more than anybody asked for': withLength(Buffer.alloc(9_000_000, 0x20)),
  'packed bytes': withLength(gzipSync('{}'), 'Content-Encoding: gzip\r\n'),
  'bytes that are no text': withLength(Buffer.from([0xff, 0xfe, 0, 0xc3, 0x28])),
  'a chunk of no length': chunked('zz\r\nhello\r\n0\r\n\r\n'),
  'a chunk that is longer than it says': chunked('2\r\nhello\r\n0\r\n\r\n'),
  'two lengths': Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!'),
  'a length and chunks': Buffer.from(
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
  ),
  'a length below nothing': Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello'),
  'another protocol': Buffer.from('220 mail.example.com ESMTP\r\n'),
  'a status of no meaning': withLength('', '', '799 Whatever'),
  'no content': Buffer.from('HTTP/1.1 204 No Content\r\n\r\n'),
  'not modified': Buffer.from('HTTP/1.1 304 Not Modified\r\n\r\n'),
  'a redirect to itself': withLength('', 'Location: ?\r\n', '302 Found'),
  'a redirect to nowhere': withLength('', 'Location: https://\r\n', '302 Found'),
  'a redirect out of https': withLength('', 'Location: http://localhost/\r\n', '307 Temporary Redirect'),
  'early hints and then another protocol': Buffer.from('HTTP/1.1 103 Early Hints\r\n\r\nhello\r\n\r\n'),
};

describe('a server that answers with', { timeout: 120_000 }, () => {
  let authority: Issued;
  let device: Issued;
  let server: Server;
  let url: string;
  let answer: Buffer;
  let http: HttpClient;
  let store: MetadataStore;
  let folder: ReturnType<typeof temporaryFolder>;

  before(async () => {
    authority = await issue({ commonName: 'test authority', isAuthority: true });
    const identity = await issue({ commonName: 'localhost' }, authority);
    device = await issue({ commonName: 'device-1' }, authority);
    server = createServer({ cert: identity.certificate, key: identity.privateKey }, (socket) => {
      socket.on('error', () => socket.destroy());
      let seen = '';
      socket.on('data', (chunk) => {
        seen += chunk.toString('latin1');
        // The whole request, so that nobody is interrupted while sending.
        const [head = '', ...rest] = seen.split('\r\n\r\n');
        const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
        if (rest.length === 0 || rest.join('\r\n\r\n').length < length) return;
        seen = '';
        socket.write(answer);
      });
    });
    server.listen(0, 'localhost');
    await once(server, 'listening');
    url = `https://localhost:${(server.address() as AddressInfo).port}`;
  });
  after(() => void server.close());
  beforeEach(() => {
    folder = temporaryFolder();
    store = new MemoryMetadataStore();
    http = new HttpClient({
      credentials: () => ({ ca: authority.certificate, ...device }),
      userAgent: 'Aktualizr/test',
      environment: {},
      attempts: 1,
      timeoutMs: 2000,
      windowMs: 600,
    });
  });
  afterEach(() => {
    http.close();
    folder.remove();
  });

  /** Whatever the device asks; what is read from the answer is read as the device reads it. */
  const requests = (): Readonly<Record<string, () => Promise<unknown>>> => {
    const gateway = createHttpGateway(
      http,
      { gateway: url, provisioning: url, director: url, ecuRegistration: `${url}/ecus` },
      '365',
    );
    const etags = { load: () => undefined, save: () => undefined };
    const source = createHttpMetadataSource(http, { name: 'director', baseUrl: url, store, etags });
    return {
      manifest: () => gateway.putManifest(Buffer.from('{}')),
      campaigns: () => gateway.campaigns(),
      events: () => gateway.postEvents([]),
      'device data': () => gateway.sendDeviceData('network_info', {}),
      time: () => gateway.attestedTime('1'),
      ecus: () => gateway.registerEcus({ primaryEcuSerial: 'p', ecus: [] } as never),
      device: async () => readPkcs12(await gateway.registerDevice('device-1'), '', 'The answer'),
      metadata: () => source.fetch({ role: 'targets', maxBytes: 65_536 }),
      image: () =>
        downloadFile(http, {
          name: 'image',
          newHasher: createHasher,
          bootId: '',
          url: `${url}/image`,
          file: join(folder.path, 'IMAGE'),
          lengthBytes: CONTENT.length,
          hashes: hashBytes(CONTENT),
          onProgress: () => undefined,
          signal: new AbortController().signal,
        }),
    };
  };

  for (const [what, bytes] of Object.entries(ANSWERS)) {
    it(`${what} ends no request but with a name for it`, async () => {
      answer = bytes;
      for (const [request, ask] of Object.entries(requests())) {
        const [settled] = await Promise.allSettled([ask()]);
        if (settled.status === 'rejected') {
          const { reason } = settled as { reason: unknown };
          assert.ok(reason instanceof CodedError, `${request}: ${String(reason)}`);
          assert.doesNotMatch(reason.family, /Bug/, request);
        }
        if (request === 'image') {
          const { reason } = settled as { reason?: unknown };
          assert.ok(reason instanceof CodedError);
          // What is wrong with the image leaves nothing behind.
          if (reason instanceof MetadataError) assert.equal(existsSync(join(folder.path, 'IMAGE')), false);
        }
        if (what.startsWith('a page of')) assert.equal(settled.status, 'rejected', request);
        assert.equal(Reflect.get({}, 'polluted'), undefined, request);
      }
    });
  }
});

describe('metadata that are', () => {
  const stage = setStage();

  for (const [what, body] of [
    ['names of prototypes', POLLUTING],
    ['signed names of prototypes', `{"signed":${POLLUTING},"signatures":[${POLLUTING}]}`],
    ['a page without a type', '<html></html>'],
    ['nothing', ''],
    ['a tower of brackets', '['.repeat(60_000)],
  ] as const) {
    it(`${what} are refused by name, and the device works on`, async () => {
      await stage.offer();
      const { aktualizr } = await stage.open();
      const { director } = stage.gateway.simulator;
      director.overrides.set('targets.json', Buffer.from(body));
      const refused = await aktualizr.checkUpdates();
      assert.equal(refused.kind, 'refused');
      assert.ok(refused.kind === 'refused' && refused.error instanceof MetadataError);
      assert.equal(Reflect.get({}, 'polluted'), undefined);
      director.overrides.clear();
      assert.equal((await aktualizr.uptaneCycle()).install?.kind, 'installed');
    });
  }

  it('a page of a portal are the fault of the network, and no refusal', async () => {
    const { aktualizr } = await stage.open();
    const body = Buffer.from('<html>Sign in</html>');
    stage.gateway.answerOf = () => ({ status: 200, headers: { 'content-type': 'text/html' }, body });
    await assert.rejects(
      aktualizr.checkUpdates(),
      (error: unknown) => error instanceof CodedError && /answered with a web page/.test(wordsOf(error)),
    );
    assert.deepEqual(
      stage.gateway.requests.filter(({ path }) => path.includes('/targets/')),
      [],
    );
  });
});

function wordsOf(error: Error): string {
  return error.cause instanceof Error ? `${error.message} ${wordsOf(error.cause)}` : error.message;
}
