import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { dumpSimulator } from './dump.ts';
import { faultyListener, type HttpFault } from './faults.ts';
import { RepositorySimulator } from './repository-simulator.ts';

type Served = { readonly simulator: RepositorySimulator; readonly url: string };

async function serving(test: (served: Served) => Promise<void>, fault?: HttpFault): Promise<void> {
  const simulator = await RepositorySimulator.create();
  simulator.offer('dir/app.bin', '0123456789');
  await simulator.publish();
  const listener = faultyListener(
    (request) => simulator.answer(request),
    () => fault,
  );
  const server = createServer(
    (request, response) => void (fault === undefined ? simulator.handle : listener)(request, response),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await test({ simulator, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

describe('repository simulator over HTTP', () => {
  it('serves the metadata of both repositories and answers 404 for the rest', () =>
    serving(async ({ simulator, url }) => {
      const answer = await fetch(`${url}/director/1.root.json`);
      assert.deepEqual(
        new Uint8Array(await answer.arrayBuffer()),
        simulator.director.files.get('1.root.json'),
      );
      assert.equal((await fetch(`${url}/repo/timestamp.json`)).status, 200);
      for (const path of ['/repo/2.root.json', '/director/x', '/repo/targets/none', '/else']) {
        assert.equal((await fetch(url + path)).status, 404, path);
      }
    }));

  it('answers a conditional request with 304 while nothing changed', () =>
    serving(async ({ simulator, url }) => {
      const etag = (await fetch(`${url}/director/targets.json`)).headers.get('etag') ?? '';
      const again = (): Promise<Response> =>
        fetch(`${url}/director/targets.json`, { headers: { 'if-none-match': etag } });
      assert.equal((await again()).status, 304);
      await simulator.publish();
      assert.equal((await again()).status, 200);
    }));

  it('serves images in parts, and whole when they changed meanwhile', () =>
    serving(async ({ simulator, url }) => {
      const part = (headers: Record<string, string>): Promise<Response> =>
        fetch(`${url}/repo/targets/dir/app.bin`, { headers });
      const first = await part({ range: 'bytes=4-' });
      assert.equal(first.status, 206);
      assert.equal(first.headers.get('content-range'), 'bytes 4-9/10');
      assert.equal(await first.text(), '456789');
      assert.equal(await (await part({ range: 'bytes=2-3' })).text(), '23');
      assert.equal((await part({ range: 'bytes=10-' })).status, 416);
      const etag = first.headers.get('etag') ?? '';
      assert.equal((await part({ range: 'bytes=4-', 'if-range': etag })).status, 206);
      simulator.images.set('dir/app.bin', new TextEncoder().encode('changed'));
      const changed = await part({ range: 'bytes=4-', 'if-range': etag });
      assert.equal(changed.status, 200);
      assert.equal(await changed.text(), 'changed');
    }));
});

describe('HTTP faults', () => {
  const image = ({ url }: Served): Promise<Response> => fetch(`${url}/repo/targets/dir/app.bin`);

  it('drops the connection', () =>
    serving(
      async (served) => {
        await assert.rejects(image(served));
      },
      { kind: 'drop' },
    ));

  it('cuts the body short of what it promised', () =>
    serving(
      async (served) => {
        const answer = await image(served);
        assert.equal(answer.headers.get('content-length'), '10');
        await assert.rejects(answer.text());
      },
      { kind: 'truncate', afterBytes: 5 },
    ));

  it('flips one bit', () =>
    serving(
      async (served) => {
        assert.equal(await (await image(served)).text(), '0123556789');
      },
      { kind: 'flip bit', byte: 4 },
    ));

  it('answers another status', () =>
    serving(
      async (served) => {
        assert.equal((await image(served)).status, 503);
      },
      { kind: 'status', status: 503 },
    ));

  it('answers late and whole', () =>
    serving(
      async (served) => {
        assert.equal(await (await image(served)).text(), '0123456789');
      },
      { kind: 'delay', ms: 20 },
    ));
});

describe('dump', () => {
  it('writes every published state to a folder', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dump-'));
    try {
      const simulator = await RepositorySimulator.create();
      await simulator.delegate('../../escape', ['*']);
      await simulator.publish();
      await dumpSimulator(simulator, folder);
      const first = await readFile(join(folder, 'image', '0', 'targets.json'));
      const second = await readFile(join(folder, 'image', '1', 'targets.json'));
      assert.notDeepEqual(first, second);
      assert.ok(
        (await readFile(join(folder, 'image', '1', 'delegations', '..%2F..%2Fescape.json'))).length > 0,
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
