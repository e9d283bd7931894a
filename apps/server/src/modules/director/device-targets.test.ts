import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Assignment, AssignmentState } from './assignment.ts';
import { deviceTargets } from './device-targets.ts';

type Options = {
  state?: AssignmentState;
  correlationId?: string;
  sha256?: string;
  uri?: string;
  releaseCounter?: number;
};

function assignment(ecuSerial: string, filename: string, options: Options = {}): Assignment {
  const {
    state = 'assigned',
    correlationId = 'urn:here-ota:campaign:1',
    sha256 = filename.padEnd(64, '0'),
  } = options;
  return {
    id: `${ecuSerial}-${filename}`,
    correlationId,
    ecuSerial,
    hardwareId: `hw-${ecuSerial}`,
    state,
    target: {
      filename,
      lengthBytes: 7,
      sha256,
      ...(options.uri === undefined ? {} : { uri: options.uri }),
      ...(options.releaseCounter === undefined ? {} : { releaseCounter: options.releaseCounter }),
    },
  };
}

describe('Targets of a device', () => {
  it('is empty but for the vehicle it is for, when nothing runs [5.2.3.1-3]', () => {
    const ended = (['queued', 'completed', 'failed', 'cancelled'] as const).map((state) =>
      assignment(state, 'a.bin', { state }),
    );
    assert.deepEqual(deviceTargets('car-1', ended), {
      kind: 'targets',
      targets: [],
      custom: { vehicleId: 'car-1' },
    });
  });

  it('names the ECUs, their hardware ids and the correlation id [5.2.3.1.1-3, 5.2.3.1.1-6]', () => {
    assert.deepEqual(deviceTargets('car-1', [assignment('s1', 'a.bin')]), {
      kind: 'targets',
      custom: { vehicleId: 'car-1', correlationId: 'urn:here-ota:campaign:1' },
      targets: [
        {
          name: 'a.bin',
          lengthBytes: 7,
          hashes: { sha256: 'a.bin'.padEnd(64, '0') },
          custom: { ecuIdentifiers: { s1: { hardwareId: 'hw-s1' } } },
        },
      ],
    });
  });

  it('lists a file once with all ECUs that still need it (trap 29)', () => {
    const result = deviceTargets('car-1', [
      assignment('s1', 'a.bin', { state: 'completed' }),
      assignment('s2', 'a.bin', { state: 'in_flight' }),
      assignment('s3', 'a.bin'),
      assignment('s4', 'b.bin'),
    ]);
    assert.equal(result.kind, 'targets');
    const names =
      result.kind === 'targets' ? result.targets.map((one) => [one.name, one.custom['ecuIdentifiers']]) : [];
    assert.deepEqual(names, [
      ['a.bin', { s2: { hardwareId: 'hw-s2' }, s3: { hardwareId: 'hw-s3' } }],
      ['b.bin', { s4: { hardwareId: 'hw-s4' } }],
    ]);
  });

  it('carries a uri and a release counter only when the target has one [5.2.3.1.1-2, 5.2.3.1.1-7]', () => {
    const result = deviceTargets('car-1', [
      assignment('s1', 'a.bin', { uri: 'https://files.example/a', releaseCounter: 4 }),
    ]);
    assert.deepEqual(result.kind === 'targets' && result.targets[0]?.custom, {
      ecuIdentifiers: { s1: { hardwareId: 'hw-s1' } },
      uri: 'https://files.example/a',
      releaseCounter: 4,
    });
  });

  it('refuses two updates at once', () => {
    const two = [
      assignment('s1', 'a.bin'),
      assignment('s2', 'b.bin', { correlationId: 'urn:here-ota:campaign:2' }),
    ];
    assert.equal(deviceTargets('car-1', two).kind, 'contradiction');
  });

  it('refuses one file name with two contents', () => {
    const two = [assignment('s1', 'a.bin'), assignment('s2', 'a.bin', { sha256: 'f'.repeat(64) })];
    assert.equal(deviceTargets('car-1', two).kind, 'contradiction');
  });
});
