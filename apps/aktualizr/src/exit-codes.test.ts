import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { compatibleExitCode, EXIT_CODES, type ExitCode } from './exit-codes.ts';

describe('exit codes for scripts made for the original', () => {
  it('are 0 for every update that failed, 1 for what the original throws', () => {
    const codes = Object.values(EXIT_CODES).map((code): readonly [ExitCode, ExitCode] => [
      code,
      compatibleExitCode(code, true),
    ]);
    assert.deepEqual(
      codes.filter(([, compatible]) => compatible === 0).map(([code]) => code),
      [
        EXIT_CODES.ok,
        EXIT_CODES.metadataRefused,
        EXIT_CODES.installationFailed,
        EXIT_CODES.downloadFailed,
        EXIT_CODES.rebootNeeded,
        EXIT_CODES.noSuchCampaign,
        EXIT_CODES.serverUnreachable,
      ],
    );
    assert.deepEqual(new Set(codes.map(([, compatible]) => compatible)), new Set([0, 1]));
  });

  it('is 1 for a server out of reach on a device that is not registered', () => {
    assert.equal(compatibleExitCode(EXIT_CODES.serverUnreachable, false), 1);
  });
});
