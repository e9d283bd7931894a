import { afterEach, beforeEach, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MAX_UNREAD_BYTES, openEventStream, type EventStream } from './event-stream.ts';

describe('event stream', () => {
  let folder: string;
  let server: Server;
  let stream: EventStream;
  let message: IncomingMessage;
  let hasClosed: boolean;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'events-'));
    const socketPath = join(folder, 'socket');
    hasClosed = false;
    const opened = Promise.withResolvers<EventStream>();
    server = createServer((_request, response) => {
      response.on('close', () => (hasClosed = true));
      opened.resolve(openEventStream(response));
    });
    server.listen(socketPath);
    await once(server, 'listening');
    const outgoing = get({ socketPath, path: '/', agent: false });
    outgoing.on('error', () => undefined);
    [message] = (await once(outgoing, 'response')) as [IncomingMessage];
    message.on('error', () => undefined);
    stream = await opened.promise;
  });
  afterEach(async () => {
    message.destroy();
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const turn = () => new Promise((resolve) => setImmediate(resolve));

  it('carries each event with its name', async () => {
    stream.send('InstallStarted', '{"ecu":"1"}');
    stream.end();
    const chunks: string[] = [];
    for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk.toString());
    assert.equal(chunks.join(''), 'event: InstallStarted\ndata: {"ecu":"1"}\n\n');
  });

  it('lets a listener go that reads nothing, after a bounded number of bytes', async () => {
    const data = 'x'.repeat(8 * 1024);
    let sent = 0;
    for (; !hasClosed && sent < 4 * MAX_UNREAD_BYTES; sent += data.length) {
      stream.send('InstallStarted', data);
      await turn();
    }
    assert.ok(hasClosed);
    stream.send('InstallStarted', data);
  });

  it('leaves progress out for a listener that is behind, and keeps what is said once', async () => {
    const data = 'x'.repeat(8 * 1024);
    for (let count = 0; count < 1000; count += 1) {
      stream.send('DownloadProgressReport', data);
      await turn();
    }
    assert.equal(hasClosed, false);
    stream.send('AllDownloadsComplete', '{}');
    stream.end();
    const chunks: string[] = [];
    for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk.toString());
    const text = chunks.join('');
    assert.match(text, /event: AllDownloadsComplete/);
    assert.ok(text.length < 1000 * data.length);
  });
});
