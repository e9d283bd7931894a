// `ota` against the real server.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Server, createDesk, startServer } from './processes.ts';

const desk = createDesk();
let server: Server;
let tokenFile: string;
const configFile = path.join(desk.folder, 'config/ota/config.json');

before(async () => {
  server = await startServer(path.join(desk.folder, 'data'));
  tokenFile = path.join(desk.folder, 'token');
  writeFileSync(tokenFile, `${server.token}\n`);
});
after(async () => {
  await server.stop();
  desk.clear();
});

function file(name: string, content: string): string {
  const at = path.join(desk.folder, name);
  writeFileSync(at, content);
  return at;
}

describe('ota login', () => {
  it('refuses a wrong token with 77 and stores nothing', async () => {
    const { code, stderr } = await desk.ota(['login', '--url', server.url, '--token-file', '-'], {}, 'wrong');
    assert.equal(code, 77);
    assert.match(stderr, /ota login --url/);
    assert.equal(existsSync(configFile), false);
  });

  it('stores the server and the token for the owner alone', async () => {
    const { code, stdout } = await desk.ota(['login', '--url', server.url, '--token-file', tokenFile]);
    assert.equal(code, 0);
    assert.ok(stdout.startsWith(`Signed in to ${server.url}`));
    assert.equal(statSync(configFile).mode & 0o777, 0o600);
    assert.deepEqual(JSON.parse(readFileSync(configFile, 'utf8')), { url: server.url, token: server.token });
  });

  it('lets the next command know who we are', async () => {
    const session = await desk.json('session');
    assert.equal(session['environment'], 'default');
  });

  it('yields to OTA_URL and OTA_TOKEN', async () => {
    const { code } = await desk.ota(['session'], { OTA_URL: server.url, OTA_TOKEN: 'wrong' });
    assert.equal(code, 77);
  });
});

describe('ota software', () => {
  it('says what to do, when there is none', async () => {
    const { stdout } = await desk.ota(['software', 'list']);
    assert.match(stdout, /No software yet; upload some with: ota software upload/);
  });

  it('uploads a file and lists it', async () => {
    const app = file('app-1.bin', 'one');
    const { code, stdout } = await desk.ota(['software', 'upload', app, '--hardware-ids', 'board-a,board-b']);
    assert.equal(code, 0, stdout);
    assert.match(stdout, /Uploaded and signed/);
    const { stdout: listed } = await desk.ota(['software', 'list']);
    assert.match(listed, /^FILENAME .*\napp-1\.bin .*board-a, board-b +3 B /);
  });

  it('accepts the same bytes again', async () => {
    const again = file('app-1.bin', 'one');
    const { code, stdout } = await desk.ota([
      'software',
      'upload',
      again,
      '--hardware-ids',
      'board-a,board-b',
    ]);
    assert.equal(code, 0);
    assert.match(stdout, /was there already/);
  });

  it('is refused with 2, when the name has other bytes', async () => {
    const other = file('app-1.bin', 'two');
    const { code, stderr } = await desk.ota(['software', 'upload', other, '--hardware-ids', 'board-a']);
    assert.equal(code, 2);
    assert.match(stderr, /^ota: .+\n$/);
  });

  it('ends with 64, when the file does not exist', async () => {
    const { code, stderr } = await desk.ota(['software', 'upload', '/nowhere.bin', '--hardware-ids', 'x']);
    assert.equal(code, 64);
    assert.match(stderr, /Cannot read \/nowhere\.bin/);
  });

  it('ends with 4, when a file name is not known', async () => {
    assert.equal((await desk.ota(['software', 'show', 'nothing.bin'])).code, 4);
  });

  it('ends with 77 and not with a broken connection, when the token of a large upload is wrong', async () => {
    const large = path.join(desk.folder, 'large.bin');
    writeFileSync(large, '');
    truncateSync(large, 256 * 1024 * 1024);
    const words = ['software', 'upload', large, '--hardware-ids', 'board-a'];
    const { code, stderr } = await desk.ota(words, { OTA_URL: server.url, OTA_TOKEN: 'wrong' });
    assert.equal(code, 77, stderr);
  });

  it('ends with 69 and leaves nothing on the server, when the connection is cut half-way', async () => {
    const big = path.join(desk.folder, 'big.bin');
    writeFileSync(big, '');
    truncateSync(big, 64 * 1024 * 1024);
    const proxy = await cuttingProxy(server.url, 8 * 1024 * 1024);
    const words = ['software', 'upload', big, '--hardware-ids', 'board-a'];
    const { code, stderr } = await desk.ota(words, { OTA_URL: proxy.url, OTA_TOKEN: server.token });
    proxy.close();
    assert.equal(code, 69, stderr);
    assert.match(stderr, /closed the connection before it had everything; nothing was stored, try again/);
    assert.equal((await desk.ota(['software', 'show', 'big.bin'])).code, 4);
    const { code: retried } = await desk.ota(words);
    assert.equal(retried, 0);
  });
});

describe('ota group, update and campaign', () => {
  it('makes a group of all devices that match an expression', async () => {
    const words = ['--name', 'bay', '--expression', 'deviceid contains bay-'];
    const group = await desk.json('group', 'create', ...words);
    assert.equal(group['kind'], 'expression');
    const { stdout } = await desk.ota(['group', 'list']);
    assert.match(stdout, /^NAME .*\nbay +expression +0 +deviceid contains bay-/);
  });

  it('is refused with 2, when the expression is not one', async () => {
    const words = ['group', 'create', '--name', 'odd', '--expression', 'deviceid likes x'];
    assert.equal((await desk.ota(words)).code, 2);
  });

  it('defines an update and finds it by its name', async () => {
    await desk.json('update', 'create', '--name', 'app-1', '--target', 'board-a=app-1.bin');
    const update = await desk.json('update', 'show', 'app-1');
    assert.deepEqual(update['targets'], [{ hardwareId: 'board-a', to: { filename: 'app-1.bin' } }]);
  });

  for (const target of ['board-a', '=app-1.bin', 'board-a=']) {
    it(`explains the form of --target, when given ${target}`, async () => {
      const { code, stderr } = await desk.ota(['update', 'create', '--name', 'x', '--target', target]);
      assert.equal(code, 64);
      assert.match(stderr, /must look like gateway=app-2\.bin/);
    });
  }

  it('plans, shows, launches and cancels a campaign', async () => {
    const words = ['--name', 'spring', '--update', 'app-1', '--group', 'bay', '--approval-needed'];
    const texts = ['--description', 'new', '--estimated-installation', '5', '--estimated-preparation', '6'];
    const campaign = await desk.json('campaign', 'create', ...words, ...texts);
    assert.equal(campaign['status'], 'prepared');
    assert.equal(campaign['estimatedPreparationSeconds'], 6);
    assert.equal((await desk.json('campaign', 'launch', 'spring'))['id'], campaign['id']);
    const { stdout } = await desk.ota(['campaign', 'stats', 'spring']);
    assert.match(stdout, /^Campaign: +spring\nStatus: +(launched|finished)\n/);
    assert.deepEqual(await desk.json('campaign', 'devices', 'spring'), { values: [] });
    const { code } = await desk.ota(['campaign', 'cancel', 'spring']);
    assert.ok(code === 0 || code === 2);
  });

  it('is refused with 2, when a campaign is launched again', async () => {
    const { code, stderr } = await desk.ota(['campaign', 'launch', 'spring']);
    assert.equal(code, 2, stderr);
  });

  it('ends with 4, when a campaign id does not exist', async () => {
    for (const verb of ['show', 'launch', 'cancel', 'stats', 'devices']) {
      const words = ['campaign', verb, '01890a5d-ac96-774b-bcce-b302099a8057'];
      const { code, stderr } = await desk.ota(words);
      assert.equal(code, 4, `${verb}: ${stderr}`);
      assert.match(stderr, /^ota: .+\n$/);
    }
  });

  it('ends with 4 and says where to look, when a name does not exist', async () => {
    const { code, stderr } = await desk.ota([
      'campaign',
      'create',
      '--name',
      'x',
      '--update',
      'no',
      '--group',
      'bay',
    ]);
    assert.equal(code, 4);
    assert.match(stderr, /There is no update "no"; see them with: ota update list/);
  });
});

describe('ota device', () => {
  it('says how to get the first one, when there is none', async () => {
    const { code, stdout } = await desk.ota(['device', 'list']);
    assert.equal(code, 0);
    assert.match(stdout, /ota credentials create/);
  });

  it('ends with 4, when a device does not exist', async () => {
    assert.equal((await desk.ota(['device', 'show', 'car-1'])).code, 4);
    assert.equal((await desk.ota(['device', 'events', '01890a5d-ac96-774b-bcce-b302099a8057'])).code, 4);
  });
});

describe('ota credentials', () => {
  it('writes an archive for its owner alone and lists what was made', async () => {
    const output = path.join(desk.folder, 'credentials.zip');
    const made = await desk.json('credentials', 'create', '--output', output, '--description', 'line 1');
    assert.equal(readFileSync(output).subarray(0, 2).toString(), 'PK');
    assert.equal(statSync(output).mode & 0o777, 0o600);
    const { values } = (await desk.json('credentials', 'list')) as { values?: { id: string }[] };
    assert.deepEqual(
      values?.map((each) => each.id),
      [made['id']],
    );
  });

  it('leaves no file, when the server refuses', async () => {
    const output = path.join(desk.folder, 'refused.zip');
    const { code } = await desk.ota(['credentials', 'create', '--output', output, '--valid-days', '0']);
    assert.equal(code, 2);
    assert.equal(existsSync(output), false);
  });
});

describe('ota logout', () => {
  it('forgets the token', async () => {
    assert.deepEqual(await desk.json('logout'), { signedIn: false });
    assert.equal((await desk.ota(['session'])).code, 77);
  });
});

/** Passes on so many bytes towards the server and then cuts both sides. */
async function cuttingProxy(url: string, bytes: number): Promise<{ url: string; close(): void }> {
  const { port } = new URL(url);
  const proxy = createServer((client: Socket) => {
    const upstream = connect(Number(port), 'localhost');
    let passed = 0;
    for (const socket of [client, upstream]) socket.on('error', () => socket.destroy());
    upstream.pipe(client);
    client.on('data', (chunk) => {
      passed += chunk.length;
      if (passed < bytes) return void upstream.write(chunk);
      client.resetAndDestroy();
      upstream.resetAndDestroy();
    });
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    close: () => void proxy.close(),
  };
}
