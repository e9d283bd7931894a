// What `npm run demo` ends with when one of the three whom it asks does not agree. Each case takes away one agreement.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { prepareDevice } from '../scripts/demo/demo-device.ts';
import type { Shell } from '../scripts/demo/run-command.ts';
import { findFailures } from '../scripts/demo/verdict.ts';

const bytes = 'the image';
const sha256 = createHash('sha256').update(bytes).digest('hex');
const image = { filename: 'app.bin', sha256 };
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'verdict-test-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

type Said = { device?: string; info?: object | null; server?: object };

async function failures({ device = bytes, info = { name: image.filename, sha256 }, server = image }: Said) {
  const demoDevice = prepareDevice(path.join(folder, 'device'));
  mkdirSync(demoDevice.imagesDir);
  if (device !== '') writeFileSync(path.join(demoDevice.imagesDir, sha256.toUpperCase()), device);
  const imageFile = path.join(folder, image.filename);
  writeFileSync(imageFile, bytes);
  const ecus = [{ primary: true, installed: server }];
  const shell: Shell = {
    show: () => Promise.reject(new Error('the verdict shows nothing')),
    ask: (noun) => Promise.resolve(noun === 'software' ? image : { ecus }),
    quiet: () => Promise.resolve(JSON.stringify({ primary: { current: info } })),
  };
  const told = { device: demoDevice, imageFile, filename: image.filename, firstUpdateMs: 1 };
  return await findFailures(shell, told);
}

describe('the verdict of the demo', () => {
  it('is good, when file, aktualizr-info and server agree', async () => {
    assert.deepEqual(await failures({}), []);
  });

  const cases: readonly (readonly [string, Said, RegExp])[] = [
    ['there is no file on the device', { device: '' }, /file on the device does not hash/],
    ['the file on the device has other bytes', { device: 'other' }, /file on the device does not hash/],
    ['aktualizr-info names nothing', { info: null }, /aktualizr-info does not name app\.bin/],
    ['aktualizr-info names another file', { info: { name: 'x', sha256 } }, /aktualizr-info does not name/],
    [
      'the server lists another file',
      { server: { ...image, filename: 'x' } },
      /server does not list app\.bin/,
    ],
    ['the server lists other bytes', { server: { ...image, sha256: '00' } }, /server does not list app\.bin/],
  ];
  for (const [what, said, expected] of cases) {
    it(`names the one that does not agree, when ${what}`, async () => {
      const found = await failures(said);
      assert.equal(found.length, 1);
      assert.match(found[0] ?? '', expected);
    });
  }
});
