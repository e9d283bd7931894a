import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Image } from './assignment.ts';
import { findAffected, type UpdatableEcu, type UpdateTarget } from './find-affected.ts';

const image = (filename: string): Image => ({ filename, lengthBytes: 1, sha256: filename.padEnd(64, '0') });
const ecu = (serial: string, hardwareId: string, installed?: string, expected?: string): UpdatableEcu => ({
  serial,
  hardwareId,
  ...(installed === undefined ? {} : { installed: image(installed) }),
  ...(expected === undefined ? {} : { expected: image(expected) }),
});
const target = (hardwareId: string, to: string, from?: string): UpdateTarget => ({
  hardwareId,
  to: image(to),
  ...(from === undefined ? {} : { from: image(from) }),
});

function serialsOf(ecus: readonly UpdatableEcu[], targets: readonly UpdateTarget[]): readonly string[] {
  const found = findAffected(ecus, targets);
  assert.equal(found.kind, 'affected');
  return found.kind === 'affected'
    ? found.ecus.map((one) => `${one.ecu.serial}:${one.target.to.filename}`)
    : [];
}

function reasonOf(ecus: readonly UpdatableEcu[], targets: readonly UpdateTarget[]): string {
  const found = findAffected(ecus, targets);
  assert.equal(found.kind, 'not_affected');
  return found.kind === 'not_affected' ? found.code : '';
}

describe('find affected ECUs', () => {
  it('takes every ECU of the hardware id, whatever runs on it', () => {
    const ecus = [ecu('p', 'gw'), ecu('s1', 'motor', 'old'), ecu('s2', 'motor', 'older')];
    assert.deepEqual(serialsOf(ecus, [target('motor', 'new')]), ['s1:new', 's2:new']);
  });

  it('gives each hardware id its own target', () => {
    const ecus = [ecu('p', 'gw', 'a'), ecu('s', 'motor', 'b')];
    assert.deepEqual(serialsOf(ecus, [target('motor', 'b2'), target('gw', 'a2')]), ['p:a2', 's:b2']);
  });

  it('takes only ECUs that run the "from" image [5.3.2.1-10]', () => {
    const ecus = [ecu('s1', 'motor', 'v1'), ecu('s2', 'motor', 'v0')];
    assert.deepEqual(serialsOf(ecus, [target('motor', 'v2', 'v1')]), ['s1:v2']);
  });

  it('chooses by the "from" image among several targets of one hardware id', () => {
    const ecus = [ecu('s1', 'motor', 'v1'), ecu('s2', 'motor', 'v0')];
    const targets = [target('motor', 'v1-to-3', 'v1'), target('motor', 'v0-to-3', 'v0')];
    assert.deepEqual(serialsOf(ecus, targets), ['s1:v1-to-3', 's2:v0-to-3']);
  });

  it('judges a busy ECU by what the running update leaves', () => {
    assert.deepEqual(serialsOf([ecu('s', 'motor', 'v1', 'v2')], [target('motor', 'v3', 'v2')]), ['s:v3']);
    assert.equal(
      reasonOf([ecu('s', 'motor', 'v1', 'v2')], [target('motor', 'v3', 'v1')]),
      'not_affected_by_mtu',
    );
  });

  it('says that no ECU has the hardware id', () => {
    assert.equal(reasonOf([ecu('p', 'gw', 'a')], [target('motor', 'v2')]), 'device_no_compatible_hardware');
    assert.equal(reasonOf([], [target('motor', 'v2')]), 'device_no_compatible_hardware');
  });

  it('says that the target is installed already', () => {
    assert.equal(
      reasonOf([ecu('s', 'motor', 'v2')], [target('motor', 'v2', 'v1')]),
      'installed_target_is_update',
    );
  });

  it('says that another image runs than the "from" image, also when none is known', () => {
    assert.equal(reasonOf([ecu('s', 'motor', 'v0')], [target('motor', 'v2', 'v1')]), 'not_affected_by_mtu');
    assert.equal(reasonOf([ecu('s', 'motor')], [target('motor', 'v2', 'v1')]), 'not_affected_by_mtu');
  });

  it('compares content, not the name alone', () => {
    const installed = { ...image('v2'), sha256: 'f'.repeat(64) };
    assert.equal(
      findAffected([{ serial: 's', hardwareId: 'motor', installed }], [target('motor', 'v2')]).kind,
      'affected',
    );
  });
});
