import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { mediumContract } from '@ota-connect/testkit';
import { media } from './medium.ts';

describe('medium in a folder', () => {
  const folders: string[] = [];
  const folder = () => {
    const path = mkdtempSync(join(tmpdir(), 'medium-'));
    folders.push(path);
    return path;
  };
  after(() => folders.forEach((path) => rmSync(path, { recursive: true })));

  mediumContract((medium) => {
    const path = folder();
    medium.writeTo(path);
    return media.open(path);
  });

  const fetch = (path: string, maxBytes = 100) =>
    media.open(path).lockboxes.fetch({ fileName: 'offline-snapshot.json', maxBytes });

  it('reads no more of a giant file than its size', async () => {
    const path = folder();
    mkdirSync(join(path, 'metadata/director'), { recursive: true });
    writeFileSync(join(path, 'metadata/director/offline-snapshot.json'), new Uint8Array(101));
    await assert.rejects(fetch(path), { code: 'OversizedMetadata' });
  });

  it('takes directories, links and what cannot be entered for nothing', async () => {
    const path = folder();
    assert.equal(await fetch(path), 'absent');
    const file = join(path, 'metadata/director/offline-snapshot.json');
    mkdirSync(file, { recursive: true });
    assert.equal(await fetch(path), 'absent');
    rmSync(file, { recursive: true });
    writeFileSync(join(path, 'elsewhere'), '{}');
    symlinkSync(join(path, 'elsewhere'), file);
    assert.equal(await fetch(path), 'absent');
    rmSync(join(path, 'metadata'), { recursive: true });
    writeFileSync(join(path, 'metadata'), 'a file');
    assert.equal(await fetch(path), 'absent');
    assert.equal(await fetch(join(path, 'gone')), 'absent');
  });

  it('may be reached by a link itself, as mounts often are', async () => {
    const path = folder();
    mkdirSync(join(path, 'metadata/director'), { recursive: true });
    writeFileSync(join(path, 'metadata/director/offline-snapshot.json'), '{}');
    const link = join(folder(), 'link');
    symlinkSync(path, link);
    assert.deepEqual(await fetch(link), new Uint8Array(Buffer.from('{}')));
  });
});
