// Whom a connection trusts and what it shows of the device, by whose host it is for (docs/adr/0020).
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { createHasher, hashBytes } from '@ota-connect/uptane';
import { TransportError } from '../src/errors.ts';
import { HttpClient, type HttpOptions } from '../src/adapters/http/client.ts';
import { downloadFile } from '../src/adapters/http/download.ts';
import { issue, type Issued } from './support/certificates.ts';
import { temporaryFolder } from './support/test-device.ts';

const CONTENT = Buffer.alloc(50_000, 7);
const OTHER = '127.0.0.1';

describe('a server of another host', () => {
  let privateCa: Issued;
  let publicCa: Issued;
  let device: Issued;
  let own: Served;
  let sibling: Served;
  let ofPublic: Served;
  let ofPrivate: Served;
  let folder: ReturnType<typeof temporaryFolder>;
  const clients = new Set<HttpClient>();

  before(async () => {
    privateCa = await issue({ commonName: 'private authority', isAuthority: true });
    publicCa = await issue({ commonName: 'public authority', isAuthority: true });
    device = await issue({ commonName: 'device-1' }, privateCa);
    const ofOwn = await issue({ commonName: 'localhost' }, privateCa);
    own = await serve('localhost', ofOwn, privateCa);
    sibling = await serve('localhost', ofOwn, privateCa);
    ofPublic = await serve(OTHER, await issue({ commonName: OTHER, host: OTHER }, publicCa), privateCa);
    ofPrivate = await serve(OTHER, await issue({ commonName: OTHER, host: OTHER }, privateCa), privateCa);
  });
  after(() => {
    for (const { server } of [own, sibling, ofPublic, ofPrivate]) server.close();
  });
  beforeEach(() => {
    folder = temporaryFolder();
    own.redirectTo = undefined;
    for (const served of [own, sibling, ofPublic, ofPrivate]) served.shown.length = 0;
  });
  afterEach(() => {
    for (const client of clients) client.close();
    clients.clear();
    folder.remove();
  });

  const open = (options: Partial<HttpOptions> = {}) => {
    const client = new HttpClient({
      credentials: () => ({ ca: privateCa.certificate, ...device }),
      userAgent: 'Aktualizr/test',
      environment: {},
      attempts: 1,
      publicAuthorities: () => [publicCa.certificate],
      ...options,
    });
    clients.add(client);
    return client;
  };
  const image = async (client: HttpClient, url = `${own.url}/image`) => {
    await downloadFile(client, {
      name: 'image',
      url,
      file: join(folder.path, 'IMAGE'),
      lengthBytes: CONTENT.length,
      hashes: hashBytes(CONTENT),
      onProgress: () => undefined,
      signal: new AbortController().signal,
      newHasher: createHasher,
      bootId: '',
    });
    return readFileSync(join(folder.path, 'IMAGE'));
  };
  const metadata = (client: HttpClient) =>
    client.request({ method: 'GET', url: `${own.url}/director/targets.json`, maxBytes: CONTENT.length });
  const isForeign = (error: unknown) =>
    error instanceof TransportError && error.details.reason === 'foreign_authority';

  it('gives an image that it is known by, but never sees who the device is', async () => {
    own.redirectTo = ofPublic.url;
    assert.deepEqual(await image(open()), CONTENT);
    assert.deepEqual([own.shown, ofPublic.shown], [['device-1'], ['nobody']]);
  });

  it('gives an image that the Director has put there', async () => {
    const client = open({ ownHosts: new Set(['localhost']) });
    assert.deepEqual(await image(client, `${ofPublic.url}/image`), CONTENT);
    assert.deepEqual(ofPublic.shown, ['nobody']);
  });

  it('gives an image no more, when nobody vouches for it', async () => {
    own.redirectTo = ofPublic.url;
    await assert.rejects(image(open({ publicAuthorities: () => [] })), isForeign);
  });

  it('gives nothing but images, when only a public authority vouches for it', async () => {
    own.redirectTo = ofPublic.url;
    await assert.rejects(metadata(open()), isForeign);
    await assert.rejects(
      open().request({ method: 'PUT', url: `${own.url}/director/manifest`, body: '{}', maxBytes: 10 }),
      isForeign,
    );
    assert.deepEqual(ofPublic.shown, []);
  });

  it('gives metadata, when the private authority vouches for it, and never sees who the device is', async () => {
    own.redirectTo = ofPrivate.url;
    assert.equal((await metadata(open())).status, 200);
    assert.deepEqual(ofPrivate.shown, ['nobody']);
  });

  it('sees who the device is, when the configuration names it', async () => {
    own.redirectTo = ofPrivate.url;
    await metadata(open({ ownHosts: new Set(['localhost', OTHER]) }));
    assert.deepEqual(ofPrivate.shown, ['device-1']);
  });

  it('is none, when only its port is another one', async () => {
    own.redirectTo = sibling.url;
    await metadata(open());
    assert.deepEqual(sibling.shown, ['device-1']);
  });
});

type Served = {
  readonly url: string;
  readonly server: Server;
  /** The name in the certificate of whoever asked, request by request. */
  readonly shown: string[];
  redirectTo: string | undefined;
};

async function serve(host: string, identity: Issued, deviceCa: Issued): Promise<Served> {
  const options = {
    cert: identity.certificate,
    key: identity.privateKey,
    ca: deviceCa.certificate,
    requestCert: true,
    rejectUnauthorized: false,
  };
  const server = createServer(options, (message, response) => {
    const name = (message.socket as TLSSocket).getPeerCertificate()?.subject?.CN;
    served.shown.push(typeof name === 'string' ? name : 'nobody');
    message.resume();
    if (served.redirectTo === undefined) response.end(CONTENT);
    else
      response.writeHead(302, { location: `${served.redirectTo}${message.url}`, 'content-length': 0 }).end();
  });
  server.listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const served: Served = { url: `https://${host}:${port}`, server, shown: [], redirectTo: undefined };
  return served;
}
