// What the original was recorded to send at its first contact, and what ours sends in its place: provisioning, device
// data, headers.
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256Hex } from '@ota-connect/uptane';
import { issue } from './support/certificates.ts';
import { credentialsArchive } from './support/credentials-archive.ts';
import { golden } from './support/golden.ts';
import { once, setGoldenStage } from './support/golden-stage.ts';
import { openPkcs12 } from './support/pkcs12.ts';

const FIRST = 'A01-check-first-provisioning';

/** What lshw reads from the processor by its own tables, and no server asks for. */
const LSHW_ALONE = ['capabilities'];

type Hardware = Readonly<Record<string, unknown>> & { readonly children: readonly object[] };

describe('golden first contact', () => {
  const stage = setGoldenStage();
  const { open, expectExchanges } = stage;

  function recorded(path: string): string {
    return golden(FIRST).find((exchange) => exchange.path === path)?.body ?? '';
  }

  for (const [name, which] of [
    ['D01-shared-cred-once', 'under a random name'],
    ['D05-shared-cred-reuse', 'under the configured name, for an archive that is used again'],
  ] as const) {
    it(`${name.slice(0, 3)}: asks for credentials ${which}, then registers and goes on by the same calls`, async () => {
      const { gateway, folder } = stage;
      const { authority, url } = gateway;
      const shared = await issue({ commonName: 'shared' }, authority);
      const archive = credentialsArchive({ gatewayUrl: url, serverCa: authority.certificate, shared });
      writeFileSync(join(folder, 'credentials.zip'), archive);
      const body = openPkcs12(await issue({ commonName: 'device' }, authority), authority.certificate);
      gateway.answerOf = ({ path }) => (path === '/devices' ? { status: 200, headers: {}, body } : undefined);
      await once(await open(name));
      expectExchanges(name);
    });
  }

  it('A01: sends hardware information with the members of lshw, in the same order', async () => {
    const { aktualizr } = await open(FIRST);
    await aktualizr.sendDeviceData();
    const text = stage.gateway.requests.find(({ path }) => path === '/system_info')?.text ?? '';
    const [ours, theirs] = [text, recorded('/system_info')].map((body) => JSON.parse(body) as Hardware) as [
      Hardware,
      Hardware,
    ];
    const wanted = Object.keys(theirs).filter((key) => !LSHW_ALONE.includes(key));
    assert.deepEqual(
      Object.keys(ours).filter((key) => wanted.includes(key)),
      wanted,
    );
    assert.deepEqual(Object.keys(ours), Object.keys(ours).toSorted());
    for (const key of wanted) assert.equal(typeof ours[key], typeof theirs[key], key);
    assert.equal(ours['class'], theirs['class']);
    const keysBelow = ({ children: [core] }: Hardware) => Object.keys(core ?? {});
    assert.deepEqual(keysBelow(ours), keysBelow(theirs));
  });

  it('A01: has the same hash of the installed packages in its database', async () => {
    const { aktualizr, storage } = await open(FIRST);
    await aktualizr.sendDeviceData();
    assert.equal(
      storage.reports.sentHash('installed_packages'),
      sha256Hex(Buffer.from(recorded('/core/installed'))).toUpperCase(),
    );
  });

  it('A01: sends the same headers with a body', async () => {
    const { aktualizr } = await open(FIRST);
    await aktualizr.sendDeviceData();
    await aktualizr.checkUpdates();
    const withBody = stage.gateway.requests.filter(({ text }) => text !== '');
    assert.equal(withBody.length, 6);
    for (const { path, headers } of withBody) {
      const exchange = golden(FIRST).find((one) => one.path === path);
      const theirs = new Map(exchange?.headers.map(([name, value]) => [name.toLowerCase(), value]));
      assert.equal(headers['content-type'], theirs.get('content-type'), path);
      assert.equal(headers.accept, theirs.get('accept'), path);
      assert.match(headers['user-agent'] ?? '', /^Aktualizr\//);
      assert.notEqual(headers['content-length'], undefined);
    }
  });
});
