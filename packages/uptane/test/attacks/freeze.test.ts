import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { attacks } from '@ota-connect/testkit';
import { addSeconds, MetadataError } from '../../src/index.ts';
import { honestStart, itRefuses } from '../client.ts';

describe('freeze', () => {
  for (const attack of attacks) if (attack.group === 'freeze') itRefuses(attack);

  it('accepts newer metadata where what is stored has expired [check_timestamp/4]', async () => {
    const { simulator, client } = await honestStart();
    const later = addSeconds(simulator.now, 29 * 86_400);
    for (const name of ['director', 'image'] as const) {
      for (const role of ['timestamp', 'snapshot', 'targets'] as const) {
        simulator.repository(name).roles[role].expires = addSeconds(simulator.now, 86_400);
      }
    }
    await simulator.publish();
    simulator.offer('app.bin');
    await simulator.publish();
    assert.equal((await client.updates()).length, 1);
    await client.refuses('ExpiredMetadata::Timestamp', later);
    for (const name of ['director', 'image'] as const) {
      for (const role of ['timestamp', 'snapshot', 'targets'] as const) {
        simulator.repository(name).roles[role].expires = addSeconds(later, 86_400);
      }
    }
    await simulator.publish();
    assert.equal((await client.updates(later)).length, 1);
  });

  it('refuses the same answer once Timestamp expires [check_timestamp/4]', async () => {
    const { simulator, client } = await honestStart();
    assert.equal(
      (await client.refuses('ExpiredMetadata', addSeconds(simulator.now, 31 * 86_400))).attack,
      'freeze',
    );
  });

  for (const [name, role] of [
    ['director', 'targets'],
    ['image', 'timestamp'],
    ['image', 'snapshot'],
    ['image', 'targets'],
  ] as const) {
    it(`refuses the recheck without network once ${name} ${role} expired between download and install [full_verification/9, 5.4.3.2-1]`, async () => {
      const { simulator, client } = await honestStart();
      simulator.offer('app.bin');
      simulator.repository(name).roles[role].expires = addSeconds(simulator.now, 100);
      await simulator.publish();
      assert.equal((await client.updates()).length, 1);
      assert.equal((await client.verifyStored(addSeconds(simulator.now, 99))).kind, 'updates');
      const refused = client.verifyStored(addSeconds(simulator.now, 100));
      await assert.rejects(
        refused,
        (error) => error instanceof MetadataError && error.code === 'ExpiredMetadata',
      );
    });
  }
});
