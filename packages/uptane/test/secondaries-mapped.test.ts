// What a Secondary is sent of mapped repositories, when none of the images is for it.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SECONDARY } from '@ota-connect/testkit';
import { metadataForSecondary } from '../src/index.ts';
import { MappedClient } from './mapped-client.ts';
import { titlesOf } from './secondary-client.ts';

describe('a Secondary of a Primary with a repository mapping', () => {
  it('is sent the top-level roles of each mapped repository, when there is no image for it [5.4.2.6-1, 5.4.4.2-0]', async () => {
    const terms = { threshold: 2, terminating: true };
    const mapped = await MappedClient.create(
      [
        { ...terms, paths: ['maps/*'], repositories: ['director', 'maps'] },
        { ...terms, paths: ['*'], repositories: ['director', 'image'] },
      ],
      ['maps'],
    );
    for (const name of ['maps/eu.map', 'app.bin']) {
      mapped.simulator.director.targets.clear();
      const target = mapped.simulator.offer(name);
      mapped.repository('maps').targets.set(target.name, target);
      await mapped.publish();
      await mapped.verify();
    }
    const director = {
      name: 'director',
      source: mapped.simulator.director.source,
      store: mapped.director,
    } as const;
    const files = await metadataForSecondary(
      { ...SECONDARY, verification: 'full' },
      { director, image: mapped.mapped() },
      mapped.simulator.now,
    );
    const roles = ['1.root', 'timestamp', 'snapshot', 'targets'];
    assert.deepEqual(
      titlesOf(files),
      ['director', 'image', 'maps'].flatMap((name) => roles.map((role) => `${name}/${role}`)),
    );
  });
});
