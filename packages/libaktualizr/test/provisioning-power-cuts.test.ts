import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { FaultPoints, PowerCut } from '@ota-connect/testkit';

import { readCredentialsArchive } from '../src/provisioning/credentials-archive.ts';
import { provisioningDevice as device, VALID } from './provisioning-device.ts';

describe('power cut during provisioning', () => {
  for (const when of ['before', 'after'] as const) {
    it(`ends provisioned once, with the key out of the archive, cut ${when} the work of each call`, async (test) => {
      let at = 1;
      for (let wasCut = true; wasCut; at++) {
        const { storage, archive, server, attempt } = await device(test);
        const faults = new FaultPoints({ at, when, kind: 'power cut' });
        wasCut = await attempt(VALID, faults).then(
          () => false,
          (error: unknown) => error instanceof PowerCut || Promise.reject(error as Error),
        );
        await attempt();
        const place = `call ${at} (${faults.calls.at(-1)})`;
        assert.ok(storage.credentials.tls(), place);
        assert.equal(storage.identity.isRegistered(), true, place);
        assert.equal(readCredentialsArchive(archive).sharedIdentity, undefined, place);
        assert.equal(new Set(server.registrations.map((one) => one.primaryEcuSerial)).size, 1, place);
        // A cut between the server's answer and our disk costs the name, nothing else.
        assert.ok(server.accepted.length <= 2, place);
        assert.equal(storage.identity.deviceId(), server.accepted.at(-1), place);
      }
      assert.ok(at > 15, `only ${at} calls`);
    });
  }
});
