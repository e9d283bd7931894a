import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MalformedBodyError, decodeEcuRegistration, encodeEcuRegistration } from '../src/device/index.ts';

const key = { keytype: 'ED25519', keyval: { public: '9F0C' } };
const ecu = { ecu_serial: 'prim-1', hardware_identifier: 'gateway-x', clientKey: key };
const body = { primary_ecu_serial: 'prim-1', ecus: [ecu] };

describe('ECU registration body', () => {
  it('is the same after decoding and encoding', () => {
    const sent = {
      primary_ecu_serial: 'prim-1',
      ecus: [
        { ...ecu, rollback: true },
        { ecu_serial: 'sec-7', hardware_identifier: '', clientKey: { ...key, keytype: 'RSA' } },
      ],
      capabilities: ['report-counter'],
    };
    assert.deepEqual(encodeEcuRegistration(decodeEcuRegistration(sent)), sent);
  });

  it('ignores fields it does not know', () => {
    const decoded = decodeEcuRegistration({ ...body, later: 1, ecus: [{ ...ecu, later: 1 }] });
    assert.deepEqual(encodeEcuRegistration(decoded), body);
  });

  const refused: readonly (readonly [string, unknown])[] = [
    ['no ECU', { ...body, ecus: [] }],
    [
      'more ECUs than a vehicle has',
      { ...body, ecus: Array.from({ length: 1001 }, (_, i) => ({ ...ecu, ecu_serial: `s${i}` })) },
    ],
    ['a repeated serial', { ...body, ecus: [ecu, ecu] }],
    ['a Primary that is not listed', { ...body, primary_ecu_serial: 'prim-2' }],
    ['an empty serial', { ...body, ecus: [ecu, { ...ecu, ecu_serial: '' }] }],
    ['a serial of 65 characters', { ...body, ecus: [ecu, { ...ecu, ecu_serial: 'x'.repeat(65) }] }],
    [
      'a hardware id of 201 characters',
      { ...body, ecus: [{ ...ecu, hardware_identifier: 'x'.repeat(201) }] },
    ],
    ['a missing hardware id', { ...body, ecus: [{ ecu_serial: 'prim-1', clientKey: key }] }],
    [
      'a key type that devices cannot verify',
      { ...body, ecus: [{ ...ecu, clientKey: { ...key, keytype: 'unknown' } }] },
    ],
    ['a missing key', { ...body, ecus: [{ ecu_serial: 'prim-1', hardware_identifier: 'x' }] }],
    ['an empty key', { ...body, ecus: [{ ...ecu, clientKey: { keytype: 'RSA', keyval: { public: '' } } }] }],
    ['a rollback that is no boolean', { ...body, ecus: [{ ...ecu, rollback: 'yes' }] }],
    ['capabilities that are no texts', { ...body, capabilities: [1] }],
    ['an array', [body]],
    ['nothing', undefined],
  ];
  for (const [what, value] of refused) {
    it(`refuses ${what}`, () => {
      assert.throws(() => decodeEcuRegistration(value), MalformedBodyError);
    });
  }

  it('names the place and never the value, when it refuses', () => {
    assert.throws(
      () =>
        decodeEcuRegistration({ ...body, ecus: [{ ...ecu, clientKey: { keytype: 'hush', keyval: {} } }] }),
      (error: unknown) =>
        error instanceof MalformedBodyError &&
        error.path === 'ecus[0].clientKey.keytype' &&
        !error.message.includes('hush'),
    );
  });
});
