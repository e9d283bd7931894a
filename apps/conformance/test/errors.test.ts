// The attack that a sentence names.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TufRepository } from '@ota-connect/testkit';
import { addSeconds, MetadataError, refreshRepository, TUF_DIALECT, type Instant } from '@ota-connect/uptane';
import { sentenceOf, TransportError } from '../src/errors.ts';
import { httpSource } from '../src/http-source.ts';
import { metadataFolder } from '../src/metadata-folder.ts';
import { serve, temporaryFolder } from './served.ts';

describe('sentence of an error', () => {
  it('names slow retrieval, when metadata comes byte by byte, under the code of a file that could not be fetched', async () => {
    const now = 1_800_000_000 as Instant;
    const { folder, remove } = temporaryFolder();
    const { url, close } = await serve((_message, response) => {
      const timer = setInterval(() => response.write('x'), 30);
      response.on('close', () => clearInterval(timer));
    });
    const store = metadataFolder(folder);
    store.save('root', new TufRepository(addSeconds(now, 1000)).publishRoot(), 1);
    const patience = { startMs: 100, minBytesPerSecond: 100_000_000 };
    const source = httpSource({ name: 'plain', base: new URL(url), dialect: TUF_DIALECT, patience });
    const repository = { name: 'plain', source, store, dialect: TUF_DIALECT } as const;
    await assert.rejects(refreshRepository(repository, now), (error) => {
      assert.match(sentenceOf(error), /^MetadataFetchFailure::Root \(slow retrieval\): /);
      return true;
    });
    await close();
    remove();
  });

  it('names the attack of the code, when what is behind it points to none', () => {
    const cause = new TransportError('unreachable', 'Nobody answers.');
    const error = new MetadataError('MetadataFetchFailure', 'It is not there.', { role: 'Root', cause });
    assert.equal(
      sentenceOf(error),
      'MetadataFetchFailure::Root (drop-request): It is not there. Nobody answers.',
    );
  });
});
