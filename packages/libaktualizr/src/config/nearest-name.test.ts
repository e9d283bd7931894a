import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { nearestName } from './nearest-name.ts';

const NAMES = ['polling_sec', 'director_server', 'repo_server', 'server', 'key_type'];

describe('nearest name', () => {
  it('finds the name behind a missing, a doubled, a wrong and two swapped letters', () => {
    assert.equal(nearestName('poling_sec', NAMES), 'polling_sec');
    assert.equal(nearestName('serverr', NAMES), 'server');
    assert.equal(nearestName('key_tipe', NAMES), 'key_type');
    assert.equal(nearestName('sevrer', NAMES, 1), 'server');
  });

  it('answers nothing, when no name is near', () => {
    assert.equal(nearestName('colour', NAMES), undefined);
    assert.equal(nearestName('poling_sex', NAMES, 1), undefined);
  });

  it('ignores the case, since people write PollingSec', () => {
    assert.equal(nearestName('POLLING_SEC', NAMES), 'polling_sec');
  });
});
