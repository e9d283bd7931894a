import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { below } from '../src/address.ts';
import { httpGet, type Patience } from '../src/http-get.ts';
import { serve, type Listener } from './served.ts';

const SHORT: Patience = { startMs: 100, minBytesPerSecond: 1_000_000 };

async function get(
  listener: Listener,
  patience?: Patience,
  maxBytes = 10,
): Promise<{ answer: string; text: string }> {
  const { url, close } = await serve(listener);
  let text = '';
  try {
    const answer = await httpGet(below(new URL(url), 'file'), {
      maxBytes,
      write: (piece) => (text += Buffer.from(piece).toString()),
      ...(patience === undefined ? {} : { patience }),
    });
    return { answer, text };
  } finally {
    await close();
  }
}

describe('one GET', () => {
  it('gives the body, and asks once with a path that is as it was', async () => {
    const asked: (string | undefined)[] = [];
    const listener: Listener = ({ url, headers }, response) => {
      asked.push(url, headers.range, headers['if-none-match']);
      response.end('0123456789');
    };
    assert.deepEqual(await get(listener), { answer: 'whole', text: '0123456789' });
    assert.deepEqual(asked, ['/file', undefined, undefined]);
  });

  it('says too long at the announcement, and waits for no body', async () => {
    const listener: Listener = (_message, response) =>
      response.writeHead(200, { 'content-length': 11 }).flushHeaders();
    assert.deepEqual(await get(listener, SHORT), { answer: 'too long', text: '' });
  });

  it('says too long in the middle, when nothing was announced', async () => {
    const answered = await get((_message, response) => {
      response.write('01234567');
      setImmediate(() => response.end('89x'));
    });
    assert.equal(answered.answer, 'too long');
  });

  it('waits for what may be longer than any timer runs', async () => {
    const listener: Listener = (_message, response) => void setTimeout(() => response.end('x'), 50);
    assert.deepEqual(await get(listener, undefined, 11_000_000_000), { answer: 'whole', text: 'x' });
  });

  const slow: readonly (readonly [string, Listener])[] = [
    ['nothing is answered at all', () => undefined],
    ['the answer stalls after its head', (_message, response) => response.writeHead(200).flushHeaders()],
    [
      'the body comes byte by byte',
      (_message, response) => {
        const timer = setInterval(() => response.write('x'), 30);
        response.on('close', () => clearInterval(timer));
      },
    ],
  ];
  for (const [what, listener] of slow)
    it(`gives up as too slow, when ${what}`, async () => {
      await assert.rejects(get(listener, SHORT), { code: 'too_slow', details: { attack: 'slow retrieval' } });
    });

  it('follows redirects of the same scheme, relative ones too', async () => {
    const answered = await get(({ url }, response) => {
      if (url === '/file') response.writeHead(302, { location: '/elsewhere?x=1' }).end();
      else response.end(url);
    });
    assert.deepEqual(answered.answer, 'too long');
    const short = await get(({ url }, response) => {
      if (url === '/file') response.writeHead(307, { location: '/e?x=1' }).end();
      else response.end(url);
    });
    assert.deepEqual(short, { answer: 'whole', text: '/e?x=1' });
  });

  for (const location of ['https://127.0.0.1/file', 'file:///etc/passwd', 'ftp://127.0.0.1/', 'http://['])
    it(`refuses a redirect to ${location}`, async () => {
      const listener: Listener = (_message, response) => void response.writeHead(302, { location }).end();
      await assert.rejects(get(listener), { code: 'malformed' });
    });

  it('follows no circle', async () => {
    let asked = 0;
    const listener: Listener = (_message, response) => {
      asked += 1;
      response.writeHead(302, { location: '/file' }).end();
    };
    await assert.rejects(get(listener), { code: 'malformed' });
    assert.equal(asked, 11);
  });

  it('takes endless headers for no answer', async () => {
    const listener: Listener = (_message, response) => {
      for (let index = 0; index < 40; index += 1) response.setHeader(`x-${index}`, 'x'.repeat(1000));
      response.end();
    };
    await assert.rejects(get(listener), { code: 'unreachable' });
  });

  it('passes on what the writer throws as it is', async () => {
    const { url, close } = await serve((_message, response) => void response.end('x'));
    const full = Object.assign(new Error('full'), { family: 'StorageError' });
    const write = (): never => {
      throw full;
    };
    await assert.rejects(httpGet(below(new URL(url), ''), { maxBytes: 1, write }), full);
    await close();
  });
});
