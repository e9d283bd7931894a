// How `ota` takes answers that a healthy server of ours does not give: from proxies, from other programs, half answers.
import assert from 'node:assert/strict';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createDesk } from './processes.ts';

const desk = createDesk();
let server: Server;
let answer = { status: 200, body: '' };
let atFirstByte: (() => void) | undefined;
let seen: { url: string | undefined; authorization: string | undefined; length: string | undefined }[] = [];

before(async () => {
  server = createServer((request, response) => {
    const { authorization, 'content-length': length } = request.headers;
    seen.push({ url: request.url, authorization, length });
    request.once('data', () => atFirstByte?.());
    request.resume();
    request.on('end', () => response.writeHead(answer.status).end(answer.body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
after(() => {
  server.close();
  desk.clear();
});

async function ask(status: number, body: unknown, ...words: string[]) {
  return await askIn({}, status, body, words);
}

async function askIn(env: NodeJS.ProcessEnv, status: number, body: unknown, words: readonly string[]) {
  answer = { status, body: typeof body === 'string' ? body : JSON.stringify(body) };
  seen = [];
  const { port } = server.address() as AddressInfo;
  return await desk.ota(words, { ...env, OTA_URL: `http://127.0.0.1:${port}/prefix/`, OTA_TOKEN: 'hush' });
}

describe('ota and the answers of a server', () => {
  const cases: readonly (readonly [number, unknown, number, RegExp])[] = [
    [400, { code: 'invalid_request', detail: 'name must be shorter.' }, 2, /^ota: name must be shorter\.\n$/],
    [409, { code: 'conflict', description: 'taken' }, 2, /taken/],
    [401, { code: 'not_signed_in', detail: 'No such token.' }, 77, /No such token; sign in with a token of/],
    [403, { code: 'forbidden', detail: 'Not yours.' }, 77, /Not yours; ask for a token that may do this/],
    [403, '<html>', 77, /status 403/],
    [404, { code: 'missing_entity', detail: 'No such device.' }, 4, /No such device/],
    [404, '<html>', 1, /not the answer of an OTA Connect user API \(status 404\)/],
    [429, { code: 'rate_limited', detail: 'Too many.' }, 2, /try again in a moment/],
    [500, { code: 'internal_server_error', detail: 'The server failed.' }, 1, /log of the server says more/],
    [502, 'bad gateway', 69, /status 502; try again/],
    [503, { code: 'storage_unavailable', detail: 'Full.' }, 69, /Full; try again/],
    [302, '', 1, /not the answer of an OTA Connect user API \(status 302\)/],
    [200, '<html>', 1, /not the answer of an OTA Connect user API/],
    [200, { something: 'else' }, 1, /not the answer of an OTA Connect user API/],
  ];
  for (const [status, body, expected, sentence] of cases) {
    it(`ends with ${expected} after status ${status} and ${JSON.stringify(body)}`, async () => {
      const { code, stdout, stderr } = await ask(status, body, 'device', 'list');
      assert.equal(code, expected);
      assert.equal(stdout, '');
      assert.match(stderr, sentence);
      assert.equal(stderr.trimEnd().split('\n').length, 1);
    });
  }

  it('sends its token and keeps the path of the address', async () => {
    await ask(200, { values: [] }, 'device', 'list', '--name-contains', 'a b');
    assert.deepEqual(seen, [
      {
        url: '/prefix/api/v3/devices?nameContains=a+b&limit=200',
        authorization: 'Bearer hush',
        length: undefined,
      },
    ]);
  });

  it('prints one JSON document, when npm took --json for its own', async () => {
    const npx = { npm_lifecycle_event: 'npx', npm_config_json: 'true' };
    const { stdout } = await askIn(npx, 200, { values: [] }, ['device', 'list']);
    assert.deepEqual(JSON.parse(stdout), { values: [] });
  });

  it('keeps the devices of a campaign within 100 columns, with the whole reason, where stdout is no terminal', async () => {
    const description = 'The image does not have the hash that its metadata names, and was removed. '.repeat(
      3,
    );
    const device = {
      deviceUuid: '01890a5d-ac96-774b-bcce-b302099a8057',
      deviceId: 'car-1',
      state: 'failed',
      reason: { code: 'VERIFICATION_FAILED', description: description.trim() },
      updatedAt: '2026-11-24T22:59:33Z',
    };
    const words = ['campaign', 'devices', '01890a5d-ac96-774b-bcce-b302099a8057'];
    const { stdout } = await ask(200, { values: [device] }, ...words);
    const lines = stdout.trimEnd().split('\n');
    for (const line of lines) assert.ok(line.length <= 100, line);
    const reason = lines.slice(1).map((line) => line.slice(lines[0]?.indexOf('REASON')).trim());
    assert.equal(reason.join(' '), `VERIFICATION_FAILED ${description.trim()}`);
    const { stdout: json } = await ask(200, { values: [device] }, ...words, '--json');
    assert.deepEqual(JSON.parse(json), { values: [device] });
  });

  it('shows the attacks that a device told of, and nothing where there are none', async () => {
    const device = {
      uuid: '01890a5d-ac96-774b-bcce-b302099a8057',
      deviceId: 'car-1',
      name: 'car-1',
      status: 'UpToDate',
      createdAt: '2026-11-24T22:59:33Z',
      values: [],
    };
    const told = { text: 'rollback: Rollback\u001b[2J', ecuSerial: 'ecu-7' };
    const attacks = [{ ...told, firstAt: '2026-11-25T01:00:00Z', at: '2026-11-25T02:00:00Z' }];
    const words = ['device', 'show', device.uuid];
    const { stdout } = await ask(200, { ...device, attacks }, ...words);
    const row = /rollback: Rollback \[2J +ecu-7 +2026-11-25T01:00:00Z +2026-11-25T02:00:00Z/;
    assert.match(stdout, row);
    assert.match(stdout, /\n\nATTACK +ECU +FIRST +LAST\n/);
    const { stdout: json } = await ask(200, { ...device, attacks }, ...words, '--json');
    assert.deepEqual((JSON.parse(json) as { attacks: unknown }).attacks, attacks);
    for (const calm of [{ ...device, attacks: [] }, device]) {
      const { code, stdout: shown } = await ask(200, calm, ...words);
      assert.equal(code, 0);
      assert.doesNotMatch(shown, /ATTACK/);
    }
  });

  it('asks for no more than --limit', async () => {
    await ask(200, { values: [] }, 'group', 'list', '--limit', '3');
    assert.match(seen[0]?.url ?? '', /limit=3/);
  });

  it('stops, when a server hands out the same cursor again', async () => {
    const { code, stdout } = await ask(
      200,
      { values: [{ name: 'x' }], nextCursor: 'same' },
      'group',
      'list',
      '--json',
    );
    assert.equal(code, 0);
    assert.equal((JSON.parse(stdout) as { values: unknown[] }).values.length, 2);
  });

  it('names the ids and ends with 64, when several things have the name', async () => {
    const values = [
      { id: 'id-1', name: 'twin' },
      { id: 'id-2', name: 'twin' },
    ];
    const { code, stderr } = await ask(200, { values }, 'campaign', 'show', 'twin');
    assert.equal(code, 64);
    assert.match(stderr, /2 of the campaigns are named "twin"; give one of their ids: id-1, id-2/);
  });

  it('does not look up what has the form of an id', async () => {
    await ask(200, {}, 'campaign', 'show', '01890a5d-ac96-774b-bcce-b302099a8057');
    assert.match(seen[0]?.url ?? '', /\/campaigns\/01890a5d-ac96-774b-bcce-b302099a8057$/);
  });

  it('announces the length of an upload', async () => {
    const file = path.join(desk.folder, 'app ü.bin');
    writeFileSync(file, 'x'.repeat(300_000));
    await ask(200, {}, 'software', 'upload', file, '--hardware-ids', 'a,b');
    assert.match(seen[0]?.url ?? '', /\/session$/);
    assert.equal(seen[1]?.length, '300000');
    assert.match(seen[1]?.url ?? '', /\/software\/app%20%C3%BC\.bin\?hardwareIds=a%2Cb$/);
  });

  for (const [what, change] of [
    ['shrinks', 1],
    ['grows', 200 * 1024 * 1024],
  ] as const) {
    it(`sends no whole file and ends with 64, when the file ${what} during the upload`, async () => {
      const file = path.join(desk.folder, `${what}.bin`);
      writeFileSync(file, '');
      truncateSync(file, 100 * 1024 * 1024);
      atFirstByte = () => truncateSync(file, change);
      const { code, stderr } = await ask(200, {}, 'software', 'upload', file, '--hardware-ids', 'a');
      atFirstByte = undefined;
      assert.equal(code, 64, stderr);
      assert.match(stderr, /changed during the upload; upload it again/);
    });
  }

  it('asks nothing, when the file for new credentials exists already', async () => {
    const output = path.join(desk.folder, 'taken.zip');
    writeFileSync(output, 'mine');
    const { code, stderr } = await ask(200, {}, 'credentials', 'create', '--output', output);
    assert.equal(code, 64);
    assert.match(stderr, /exists already/);
    assert.deepEqual(seen, []);
  });
});
