import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { createHasher, hashBytes, MetadataError } from '@ota-connect/uptane';
import { fileAnswer, type HttpRequest } from '@ota-connect/testkit';
import { temporaryFolder } from './support/test-device.ts';
import { openTestGateway, type TestGateway } from './support/test-gateway.ts';
import { InstallError, TransportError } from '../src/errors.ts';
import { HttpClient } from '../src/adapters/http/client.ts';
import { RateLimit } from '../src/adapters/http/rate-limit.ts';
import { downloadFile } from '../src/adapters/http/download.ts';

const CONTENT = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));
const CUT = 123_456;
const MEBI = 1024 * 1024;

describe('download of an image', () => {
  let gateway: TestGateway;
  let http: HttpClient;
  let folder: ReturnType<typeof temporaryFolder>;
  let file: string;
  let served: Buffer;

  before(async () => {
    gateway = await openTestGateway();
  });
  after(() => gateway.close());
  beforeEach(() => {
    http = new HttpClient({ credentials: () => gateway.credentials, userAgent: 'Aktualizr/test' });
    folder = temporaryFolder();
    file = join(folder.path, 'IMAGE');
    served = CONTENT;
    gateway.answerOf = (request: HttpRequest) =>
      request.path === '/image' ? fileAnswer(request, served, 'application/octet-stream') : undefined;
  });
  afterEach(() => {
    http.close();
    folder.remove();
    gateway.requests.length = 0;
    gateway.faultOf = () => undefined;
  });

  const download = (changes: Partial<Parameters<typeof downloadFile>[1]> = {}) =>
    downloadFile(http, {
      name: 'image',
      newHasher: createHasher,
      bootId: 'boot-1',
      url: `${gateway.url}/image`,
      file,
      lengthBytes: CONTENT.length,
      hashes: hashBytes(CONTENT),
      onProgress: () => undefined,
      signal: new AbortController().signal,
      ...changes,
    });
  const cutOnce = () => {
    gateway.faultOf = () => {
      gateway.faultOf = () => undefined;
      return { kind: 'truncate', afterBytes: CUT };
    };
  };
  const refused = (code: string) => (error: unknown) => error instanceof MetadataError && error.code === code;
  const ranges = () => gateway.requests.map(({ headers }) => headers.range);

  it('writes what is signed and tells how far it is', async () => {
    let last = 0;
    await download({ onProgress: (received, total) => void (last = received / total) });
    assert.deepEqual(readFileSync(file), CONTENT);
    assert.equal(last, 1);
  });

  it('goes on by byte range after a broken connection', async () => {
    cutOnce();
    await assert.rejects(
      download(),
      (error: unknown) => error instanceof TransportError && error.code === 'truncated',
    );
    const kept = statSync(file).size;
    assert.ok(kept > 0 && kept <= CUT);
    await download();
    assert.deepEqual(ranges(), [undefined, `bytes=${kept}-`]);
    assert.deepEqual(readFileSync(file), CONTENT);
  });

  it('starts over, when the image changed in between', async () => {
    cutOnce();
    await assert.rejects(download(), TransportError);
    served = Buffer.from(CONTENT).reverse();
    await download({ hashes: hashBytes(served) });
    assert.deepEqual(readFileSync(file), served);
  });

  it('starts over, when the server ignores ranges', async () => {
    writeFileSync(file, CONTENT.subarray(0, CUT));
    gateway.answerOf = () => ({ status: 200, headers: {}, body: served });
    await download();
    assert.deepEqual(readFileSync(file), CONTENT);
  });

  it('starts over, when the server cannot serve the range', async () => {
    writeFileSync(file, CONTENT.subarray(0, CUT));
    gateway.answerOf = ({ headers }) =>
      headers.range === undefined
        ? { status: 200, headers: {}, body: served }
        : { status: 416, headers: {}, body: new Uint8Array() };
    await download();
    assert.deepEqual(readFileSync(file), CONTENT);
  });

  it('asks for the whole, when another range comes than was asked for, and then gives up', async () => {
    writeFileSync(file, CONTENT.subarray(0, CUT));
    gateway.answerOf = () => ({
      status: 206,
      headers: { 'content-range': `bytes 0-9/${CONTENT.length}` },
      body: CONTENT.subarray(0, 10),
    });
    await assert.rejects(
      download(),
      (error: unknown) => error instanceof TransportError && error.code === 'truncated',
    );
    assert.equal(statSync(file).size, CUT);
  });

  it('starts over once, when what lay there spoilt the whole', async () => {
    writeFileSync(file, Buffer.alloc(CUT));
    await download();
    assert.deepEqual(readFileSync(file), CONTENT);
    assert.deepEqual(ranges(), [`bytes=${CUT}-`, undefined]);
  });

  it('deletes the file, when it is wrong from the start too', async () => {
    writeFileSync(file, Buffer.alloc(CUT));
    served = Buffer.alloc(CONTENT.length);
    await assert.rejects(download(), refused('TargetHashMismatch'));
    assert.equal(existsSync(file), false);
    assert.deepEqual(ranges(), [`bytes=${CUT}-`, undefined]);
  });

  it('refuses an image that differs in one bit, and keeps nothing [5.4.3.4-6]', async () => {
    gateway.faultOf = () => ({ kind: 'flip bit', byte: CUT });
    await assert.rejects(download(), refused('TargetHashMismatch'));
    assert.equal(existsSync(file), false);
  });

  it('verifies every hash that is listed [5.4.3.4-6]', async () => {
    await assert.rejects(
      download({ hashes: { ...hashBytes(CONTENT), sha512: 'ab'.repeat(64) } }),
      refused('TargetHashMismatch'),
    );
  });

  it('refuses an image that is announced too long, before it arrives [5.4.3.3-6, 5.4.3.4-8]', async () => {
    served = Buffer.concat([CONTENT, CONTENT]);
    let hasBegun = false;
    const onProgress = () => void (hasBegun = true);
    await assert.rejects(download({ onProgress }), refused('OversizedTarget'));
    assert.equal(hasBegun, false);
    assert.equal(existsSync(file), false);
  });

  it('starts over, when more lies there than is signed', async () => {
    writeFileSync(file, Buffer.concat([CONTENT, CONTENT]));
    await download();
    assert.deepEqual(ranges(), [undefined]);
    assert.deepEqual(readFileSync(file), CONTENT);
  });

  it('never writes more than is signed, when the length is not announced [5.4.3.3-6]', async () => {
    gateway.answerOf = () => undefined;
    let largest = 0;
    const endless = {
      rate: new RateLimit(),
      stream: (_request: unknown, consume: (message: unknown) => Promise<unknown>) =>
        consume(endlessMessage(() => (largest = Math.max(largest, statSync(file).size)))),
    } as unknown as HttpClient;
    await assert.rejects(
      downloadFile(endless, {
        name: 'image',
        newHasher: createHasher,
        bootId: 'boot-1',
        url: `${gateway.url}/image`,
        file,
        lengthBytes: CONTENT.length,
        hashes: hashBytes(CONTENT),
        onProgress: () => undefined,
        signal: new AbortController().signal,
      }),
      refused('OversizedTarget'),
    );
    assert.ok(largest <= CONTENT.length);
  });

  it('refuses an image that ends too early [5.4.3.4-8]', async () => {
    served = CONTENT.subarray(0, CUT);
    await assert.rejects(download(), refused('UndersizedTarget'));
    assert.equal(existsSync(file), false);
  });

  it('takes a complete file without a request', async () => {
    writeFileSync(file, CONTENT);
    await download();
    assert.deepEqual(gateway.requests, []);
  });

  it('makes an empty image without a request', async () => {
    await download({ lengthBytes: 0, hashes: hashBytes(new Uint8Array()) });
    assert.equal(statSync(file).size, 0);
    assert.deepEqual(gateway.requests, []);
  });

  it('asks the disk before the server', async () => {
    await assert.rejects(
      download({ lengthBytes: Number.MAX_SAFE_INTEGER }),
      (error: unknown) =>
        error instanceof InstallError && error.code === 'no_space' && /bytes free/.test(error.message),
    );
    assert.deepEqual(gateway.requests, []);
  });

  it('names the status of a refusal, without the query', async () => {
    gateway.answerOf = () => ({ status: 404, headers: {}, body: new Uint8Array() });
    await assert.rejects(download({ url: `${gateway.url}/image?signature=secret` }), (error: unknown) => {
      assert.ok(error instanceof TransportError);
      assert.equal(error.details.status, 404);
      assert.doesNotMatch(error.message, /secret/);
      return true;
    });
  });

  it('goes on from another address, whatever tag it has for the same bytes', async () => {
    cutOnce();
    await assert.rejects(download(), TransportError);
    const kept = statSync(file).size;
    gateway.answerOf = (request: HttpRequest) => {
      const answer = fileAnswer(request, served, 'application/octet-stream');
      return { ...answer, headers: { ...answer.headers, etag: '"another"' } };
    };
    await download({ url: `${gateway.url}/mirror/image` });
    assert.deepEqual(ranges(), [undefined, `bytes=${kept}-`]);
    assert.equal(gateway.requests[1]?.headers['if-range'], undefined);
    assert.deepEqual(readFileSync(file), CONTENT);
  });

  it('goes on where it was, when a server without ranges breaks off in what is there already', async () => {
    writeFileSync(file, CONTENT.subarray(0, CUT));
    gateway.answerOf = () => ({ status: 200, headers: {}, body: served });
    gateway.faultOf = () => ({ kind: 'truncate', afterBytes: 1000 });
    await assert.rejects(download(), TransportError);
    assert.deepEqual(readFileSync(file), CONTENT.subarray(0, CUT));
    gateway.faultOf = () => undefined;
    await download();
    assert.deepEqual(readFileSync(file), CONTENT);
  });

  it('takes a range that begins before what is missing', async () => {
    writeFileSync(file, CONTENT.subarray(0, CUT));
    gateway.answerOf = () => ({
      status: 206,
      headers: { 'content-range': `bytes ${CUT - 500}-${CONTENT.length - 1}/${CONTENT.length}` },
      body: CONTENT.subarray(CUT - 500),
    });
    await download();
    assert.deepEqual(readFileSync(file), CONTENT);
    assert.equal(gateway.requests.length, 1);
  });

  it('asks on, when a server gives a range piece by piece', async () => {
    writeFileSync(file, CONTENT.subarray(0, CUT));
    gateway.answerOf = ({ headers }) => {
      const start = Number(/\d+/.exec(headers.range ?? '')?.[0]);
      const body = CONTENT.subarray(start, start + 100_000);
      const range = `bytes ${start}-${start + body.length - 1}/*`;
      return { status: 206, headers: { 'content-range': range }, body };
    };
    await download();
    assert.deepEqual(readFileSync(file), CONTENT);
    assert.deepEqual(ranges(), [`bytes=${CUT}-`, `bytes=${CUT + 100_000}-`]);
  });

  for (const [what, headers] of [
    ['a gap before it', { 'content-range': `bytes ${CUT + 1}-${CONTENT.length - 1}/${CONTENT.length}` }],
    ['several at once', { 'content-type': 'multipart/byteranges; boundary=x' }],
    ['no word of where it lies', {}],
  ] as const) {
    it(`asks for the whole, when a range comes with ${what}`, async () => {
      writeFileSync(file, CONTENT.subarray(0, CUT));
      gateway.answerOf = ({ headers: { range } }) =>
        range === undefined
          ? { status: 200, headers: {}, body: CONTENT }
          : { status: 206, headers, body: Buffer.alloc(50_000) };
      await download();
      assert.deepEqual(readFileSync(file), CONTENT);
      assert.deepEqual(ranges(), [`bytes=${CUT}-`, undefined]);
    });
  }

  for (const [what, length] of [
    ['longer', CONTENT.length + 1],
    ['shorter', CUT + 10],
  ] as const) {
    it(`keeps what has arrived, when a server has an image that is ${what}`, async () => {
      writeFileSync(file, CONTENT.subarray(0, CUT));
      served = Buffer.alloc(length);
      await assert.rejects(
        download(),
        refused(length > CONTENT.length ? 'OversizedTarget' : 'UndersizedTarget'),
      );
      assert.deepEqual(readFileSync(file), CONTENT.subarray(0, CUT));
    });
  }

  it('keeps what has arrived, when a portal answers with a page', async () => {
    writeFileSync(file, CONTENT.subarray(0, CUT));
    const body = Buffer.from('<html>Please sign in</html>');
    gateway.answerOf = () => ({ status: 200, headers: { 'content-type': 'text/html' }, body });
    await assert.rejects(
      download(),
      (error: unknown) => error instanceof TransportError && error.details.reason === 'web_page',
    );
    assert.deepEqual(readFileSync(file), CONTENT.subarray(0, CUT));
  });

  it('does not store packed bytes for those that are signed', async () => {
    const body = gzipSync(CONTENT);
    gateway.answerOf = () => ({ status: 200, headers: { 'content-encoding': 'gzip' }, body });
    await assert.rejects(download(), refused('UndersizedTarget'));
    assert.equal(existsSync(file), false);
  });

  it('asks again for the blocks alone that a power cut took away', async () => {
    const large = Buffer.alloc(19 * MEBI);
    for (let at = 0; at < large.length; at += 4) large.writeUInt32LE(Math.imul(at + 1, 2654435761) >>> 0, at);
    served = large;
    gateway.faultOf = () => ({ kind: 'truncate', afterBytes: 18 * MEBI });
    const whole = { lengthBytes: large.length, hashes: hashBytes(large) };
    await assert.rejects(download(whole), TransportError);
    gateway.faultOf = () => undefined;
    const content = readFileSync(file);
    content.fill(0, 2 * MEBI, 2 * MEBI + 4096);
    writeFileSync(file, content);
    await download(whole);
    assert.equal(readFileSync(file).equals(large), true);
    assert.deepEqual(ranges().slice(2), [`bytes=${2 * MEBI}-${3 * MEBI - 1}`]);
    assert.equal(existsSync(`${file}.journal`), false);
  });

  it('keeps what has arrived, when it is aborted', async () => {
    const abort = new AbortController();
    await assert.rejects(
      download({ signal: abort.signal, onProgress: () => abort.abort(new Error('stop')) }),
      /stop/,
    );
    assert.ok(statSync(file).size > 0);
    mkdirSync(join(folder.path, 'again'));
    await download();
    assert.deepEqual(readFileSync(file), CONTENT);
  });
});

function endlessMessage(onChunk: () => void): unknown {
  const listeners = new Map<string, (chunk?: Buffer) => void>();
  let isOpen = true;
  const message = {
    statusCode: 200,
    headers: {},
    on(name: string, listener: (chunk?: Buffer) => void) {
      listeners.set(name, listener);
      if (name === 'close') setImmediate(pump);
    },
    destroy() {
      isOpen = false;
    },
  };
  function pump(): void {
    while (isOpen) {
      listeners.get('data')?.(Buffer.alloc(64 * 1024));
      onChunk();
    }
  }
  return message;
}
