// Servers whose certificate the system's clock refuses, judged by what the device knows of the time. The clock of a test
// cannot be set, so the certificates are moved: those of "today" lie ten years back, or twenty ahead, and so does the
// time that the device is sure of. docs/adr/0021-certificates-and-the-time.md
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { MetadataError, type Instant } from '@ota-connect/uptane';
import { HttpClient } from '../src/adapters/http/client.ts';
import type { ServerTime } from '../src/adapters/http/server-trust.ts';
import { TransportError } from '../src/errors.ts';
import type { Attestation } from '../src/time/judge-certificate.ts';
import { issue, type Issued } from './support/certificates.ts';

const DAY_MS = 86_400_000;
const YEAR_MS = 365 * DAY_MS;
/** "Today", on a device whose clock is ten years ahead, and on one whose clock stands at 1970. */
const AHEAD = Date.now() - 10 * YEAR_MS;
const BEHIND = Date.now() + 20 * YEAR_MS;

type Place = { readonly url: string; readonly received: () => string };

function around(todayMs: number, fromDays: number = -7, toDays: number = 390) {
  return { begins: new Date(todayMs + fromDays * DAY_MS), ends: new Date(todayMs + toDays * DAY_MS) };
}

/** What a device is sure of. `answer`: the attested time, or why there is none. */
function timeOf(boundMs: number, answer: number | Attestation | Error): ServerTime & { asked: number } {
  let attested: Instant | undefined;
  const seconds = (ms: number) => Math.floor(ms / 1000) as Instant;
  const time = {
    asked: 0,
    sureOf: () => ({ bound: seconds(boundMs), attested, clockMs: Date.now() }),
    attestations: () => (attested === undefined ? 0 : time.asked),
    attest: async (): Promise<Attestation> => {
      time.asked += 1;
      if (answer instanceof Error) throw answer;
      if (typeof answer !== 'number') return answer;
      attested = seconds(answer);
      return 'attested';
    },
  };
  return time;
}

describe('a server whose certificate the clock refuses', () => {
  const servers: Server[] = [];
  const clients: HttpClient[] = [];
  let ahead: Issued;
  let behind: Issued;

  before(async () => {
    ahead = await issue({ commonName: 'fleet', isAuthority: true, validity: around(AHEAD, -30, 4000) });
    behind = await issue({ commonName: 'fleet', isAuthority: true, validity: around(BEHIND, -30, 700) });
  });
  after(async () => {
    for (const client of clients) client.close();
    await Promise.all(
      servers.map(async (server) => {
        server.close();
        await once(server, 'close');
      }),
    );
  });

  /** Answers whatever arrives, and keeps it. */
  async function serve(chain: readonly Issued[]): Promise<Place> {
    const [leaf] = chain;
    assert.ok(leaf !== undefined);
    let text = '';
    const cert = chain.map(({ certificate }) => certificate).join('');
    const server = createServer({ cert, key: leaf.privateKey }, (socket: TLSSocket) => {
      socket.on('error', () => undefined);
      socket.on('data', (data) => {
        text += data.toString();
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      });
    });
    server.on('tlsClientError', () => undefined);
    servers.push(server.listen(0, 'localhost'));
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    return { url: `https://localhost:${port}/x`, received: () => text };
  }

  function clientOf({ certificate }: Pick<Issued, 'certificate'>, time?: ServerTime): HttpClient {
    const client = new HttpClient({
      credentials: () => ({ ca: certificate, certificate: '', privateKey: '' }),
      userAgent: 'test',
      attempts: 1,
      timeoutMs: 5000,
      ...(time === undefined ? {} : { time }),
    });
    clients.push(client);
    return client;
  }

  const ask = (client: HttpClient, { url }: Place, isForTime = false) =>
    client.request({ method: 'GET', url, maxBytes: 100, isForTime }).then(({ status }) => status);

  async function refuses(client: HttpClient, place: Place, reason: string): Promise<TransportError> {
    const error = await ask(client, place).catch((thrown: unknown) => thrown);
    assert.ok(error instanceof TransportError, String(error));
    assert.deepEqual([error.code, error.details.reason], ['tls_refused', reason], error.message);
    assert.equal(place.received(), '', 'bytes of a request were sent');
    return error;
  }

  const serverOf = async (todayMs: number, authority: Issued) =>
    serve([await issue({ commonName: 'localhost', validity: around(todayMs) }, authority)]);

  it('is refused by whoever knows no other time', async () => {
    await refuses(clientOf(ahead), await serverOf(AHEAD, ahead), 'expired');
    await refuses(clientOf(behind), await serverOf(BEHIND, behind), 'not_yet_valid');
  });

  it('is taken, when the attested time says that the clock runs ahead', async () => {
    const time = timeOf(AHEAD - 400 * DAY_MS, AHEAD);
    const [client, place] = [clientOf(ahead, time), await serverOf(AHEAD, ahead)];
    assert.deepEqual([await ask(client, place), await ask(client, place), time.asked], [200, 200, 1]);
  });

  it('is taken, when the attested time says that the clock is behind', async () => {
    const time = timeOf(BEHIND - 400 * DAY_MS, BEHIND);
    assert.equal(await ask(clientOf(behind, time), await serverOf(BEHIND, behind)), 200);
  });

  it('is taken with a clock at 1970 where nobody attests: a bound says only what has ended', async () => {
    const time = timeOf(BEHIND - 400 * DAY_MS, 'nobody');
    assert.equal(await ask(clientOf(behind, time), await serverOf(BEHIND, behind)), 200);
  });

  it('is refused with a clock ahead where nobody attests, unless this device has met no server yet', async () => {
    const place = await serverOf(AHEAD, ahead);
    await refuses(clientOf(ahead, timeOf(AHEAD - DAY_MS, 'nobody')), place, 'expired');
    assert.equal(await ask(clientOf(ahead, timeOf(AHEAD - DAY_MS, 'unmet')), place), 200);
  });

  it('stays refused, when it had ended by the attested time', async () => {
    const place = await serverOf(AHEAD - 400 * DAY_MS, ahead);
    await refuses(clientOf(ahead, timeOf(AHEAD - 500 * DAY_MS, AHEAD)), place, 'expired');
  });

  it('stays refused, when it had ended by the bound, whatever anybody would attest', async () => {
    const time = timeOf(AHEAD, 'unmet');
    const client = clientOf(ahead, time);
    await refuses(client, await serverOf(AHEAD - 400 * DAY_MS, ahead), 'expired');
    assert.equal(time.asked, 0);
    const past = await serverOf(AHEAD - 400 * DAY_MS, ahead);
    assert.ok(
      (await ask(clientOf(ahead, time), past, true).catch((error: unknown) => error)) instanceof
        TransportError,
    );
  });

  it('stays refused, when it begins after the attested time', async () => {
    const place = await serverOf(BEHIND + 20 * DAY_MS, behind);
    await refuses(clientOf(behind, timeOf(BEHIND - 400 * DAY_MS, BEHIND)), place, 'not_yet_valid');
  });

  it('is asked for the time, and for nothing else, while nobody knows it', async () => {
    const failing = timeOf(AHEAD - DAY_MS, new MetadataError('TimeUntrusted', 'Nobody says.'));
    const [client, place] = [clientOf(ahead, failing), await serverOf(AHEAD, ahead)];
    const error = await refuses(client, place, 'TimeUntrusted');
    assert.match(error.message, /TimeUntrusted/);
    assert.equal(await ask(client, place, true), 200);
    await assert.rejects(ask(client, place), { code: 'tls_refused' });
  });

  it('is judged anew, with no session resumed, once the time was attested again', async () => {
    let answer = AHEAD;
    const time = timeOf(AHEAD - DAY_MS, AHEAD);
    const moving: ServerTime = {
      ...time,
      sureOf: () => ({ ...time.sureOf(), attested: Math.floor(answer / 1000) as Instant }),
      attestations: () => answer,
    };
    const [client, place] = [clientOf(ahead, moving), await serverOf(AHEAD, ahead)];
    assert.equal(await ask(client, place), 200);
    answer = AHEAD + 500 * DAY_MS;
    await assert.rejects(ask(client, place), { code: 'tls_refused' });
  });

  it('is taken with an intermediate authority that it sends along', async () => {
    const middle = await issue({ commonName: 'middle', isAuthority: true, validity: around(AHEAD) }, ahead);
    const leaf = await issue({ commonName: 'localhost', validity: around(AHEAD) }, middle);
    const client = clientOf(ahead, timeOf(AHEAD - DAY_MS, AHEAD));
    assert.equal(await ask(client, await serve([leaf, middle])), 200);
    await refuses(clientOf(ahead, timeOf(AHEAD - DAY_MS, AHEAD)), await serve([leaf]), 'foreign_authority');
  });

  const attested = () => clientOf(ahead, timeOf(AHEAD - 30 * DAY_MS, AHEAD));

  it('stays refused with an intermediate authority that has ended', async () => {
    const old = { commonName: 'middle', isAuthority: true, validity: around(AHEAD - 400 * DAY_MS) };
    const middle = await issue(old, ahead);
    const leaf = await issue({ commonName: 'localhost', validity: around(AHEAD) }, middle);
    await refuses(attested(), await serve([leaf, middle]), 'expired');
  });

  it('stays refused when the pinned authority itself has ended', async () => {
    const old = await issue({ commonName: 'old', isAuthority: true, validity: around(AHEAD - 400 * DAY_MS) });
    const leaf = await issue({ commonName: 'localhost', validity: around(AHEAD) }, old);
    await refuses(clientOf(old, timeOf(AHEAD - 30 * DAY_MS, AHEAD)), await serve([leaf]), 'expired');
  });

  it('stays refused under another name', async () => {
    const leaf = await issue({ commonName: 'x', host: 'other.example', validity: around(AHEAD) }, ahead);
    await refuses(attested(), await serve([leaf]), 'other_host');
  });

  it('stays refused when another authority of the same name has issued it', async () => {
    const other = await issue({ commonName: 'fleet', isAuthority: true, validity: around(AHEAD) });
    const leaf = await issue({ commonName: 'localhost', validity: around(AHEAD) }, other);
    await refuses(attested(), await serve([leaf]), 'foreign_authority');
    await refuses(attested(), await serve([leaf, other]), 'foreign_authority');
  });

  it('stays refused when it has signed itself', async () => {
    await refuses(
      attested(),
      await serve([await issue({ commonName: 'localhost', validity: around(AHEAD) })]),
      'foreign_authority',
    );
  });

  it('stays refused when whoever issued it is no authority, or none for so many levels', async () => {
    const device = await issue({ commonName: 'device', validity: around(AHEAD) }, ahead);
    const leaf = await issue({ commonName: 'localhost', validity: around(AHEAD) }, device);
    await refuses(attested(), await serve([leaf, device]), 'foreign_authority');
    const plan = { commonName: 'upper', isAuthority: true, pathLength: 0, validity: around(AHEAD) };
    const upper = await issue(plan, ahead);
    const lower = await issue({ ...plan, commonName: 'lower' }, upper);
    const below = await issue({ commonName: 'localhost', validity: around(AHEAD) }, lower);
    await refuses(attested(), await serve([below, lower, upper]), 'foreign_authority');
    assert.equal(
      await ask(
        attested(),
        await serve([await issue({ commonName: 'localhost', validity: around(AHEAD) }, upper), upper]),
      ),
      200,
    );
  });
});

describe('a server whose certificate the clock lets pass', () => {
  it('is refused, when it had ended by a time that is certain', async () => {
    const authority = await issue({ commonName: 'fleet', isAuthority: true, days: 3000 });
    const leaf = await issue({ commonName: 'localhost' }, authority);
    const server = createServer({ cert: leaf.certificate, key: leaf.privateKey });
    server.on('tlsClientError', () => undefined);
    server.on('secureConnection', (socket) => socket.on('error', () => undefined));
    await once(server.listen(0, 'localhost'), 'listening');
    const client = new HttpClient({
      credentials: () => ({ ca: authority.certificate, certificate: '', privateKey: '' }),
      userAgent: 'test',
      attempts: 1,
      time: timeOf(Date.now() + 30 * DAY_MS, 'nobody'),
    });
    const url = `https://localhost:${(server.address() as AddressInfo).port}/`;
    const error = await client
      .request({ method: 'GET', url, maxBytes: 10 })
      .catch((thrown: unknown) => thrown);
    assert.ok(error instanceof TransportError);
    assert.equal(error.details.reason, 'expired');
    client.close();
    server.close();
  });
});
