import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { parseInstant } from '@ota-connect/uptane';
import { defaultConfig } from '../../config/defaults.ts';
import { openStorage, type SqliteStorage } from './sqlite-storage.ts';

const MAY = parseInstant('2031-05-06T07:08:09Z');
const JUNE = parseInstant('2031-06-06T07:08:09Z');

describe('store of what is known of the time', () => {
  let folder: string;
  let storage: SqliteStorage;
  const open = () => openStorage({ ...defaultConfig().storage, path: join(folder, 'storage') });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'time-store-'));
    storage = open();
  });
  afterEach(() => {
    storage.close();
    rmSync(folder, { recursive: true });
  });
  const reopen = () => {
    storage.close();
    storage = open();
    return storage.time;
  };

  it('knows nothing, when nothing was stored', () => {
    const { time } = storage;
    assert.deepEqual(
      [time.attestation(), time.previousAttested(), time.verified()],
      [undefined, undefined, undefined],
    );
  });

  it('keeps an attestation as it was received, and the time before it, over a restart', () => {
    const received = Buffer.from('{"signatures":[],"signed":{"note":"\\u00fc ü"}}');
    storage.time.saveAttestation(received, { time: JUNE, previous: MAY });
    assert.deepEqual(Buffer.from(reopen().attestation() ?? []), received);
    assert.equal(storage.time.previousAttested(), MAY);
    storage.time.saveAttestation(Buffer.from('{}'), { time: JUNE });
    assert.equal(Buffer.from(reopen().attestation() ?? []).toString(), '{}');
    assert.equal(storage.time.previousAttested(), undefined);
  });

  it('never lowers the time under which metadata held', () => {
    storage.time.saveVerified(MAY);
    storage.time.saveVerified(JUNE);
    storage.time.saveVerified(MAY);
    assert.equal(reopen().verified(), JUNE);
  });

  it('lowers it to what is attested, and raises it to nothing', () => {
    storage.time.saveAttestation(Buffer.from('{}'), { time: MAY });
    assert.equal(storage.time.verified(), undefined);
    storage.time.saveVerified(JUNE);
    storage.time.saveAttestation(Buffer.from('{}'), { time: MAY });
    assert.equal(reopen().verified(), MAY);
    storage.time.saveAttestation(Buffer.from('{}'), { time: JUNE });
    assert.equal(reopen().verified(), MAY);
  });

  it('takes what cannot be read for unknown', () => {
    storage.flags.set('verified_time', 'soon');
    storage.flags.set('previous_attested_time', '');
    assert.deepEqual([storage.time.verified(), storage.time.previousAttested()], [undefined, undefined]);
    storage.time.saveVerified(MAY);
    assert.equal(storage.time.verified(), MAY);
  });
});
