// The daemon over a real device: a defect in one poll does not end it.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defaultConfig } from '@ota-connect/libaktualizr/config/defaults';
import { setStage } from '../../../../packages/libaktualizr/test/support/stage.ts';
import { LogTaps } from '../daemon/log-taps.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import { full } from './full.ts';

describe('full', () => {
  const stage = setStage();

  it('goes on after a defect, tells it at each poll, and updates', async () => {
    await stage.offer();
    const { aktualizr } = await stage.open();
    const config = defaultConfig();
    const stop = new AbortController();
    const defects: unknown[] = [];
    const printed: string[] = [];
    let checks = 0;
    aktualizr.subscribe(({ kind }) => {
      if (kind === 'UpdateCheckComplete' && (checks += 1) <= 2) throw new TypeError('x is not a function');
    });
    const { exitCode } = await full({
      aktualizr,
      clock: {
        now: Date.now,
        sleep: async () => {
          if (checks > 2) stop.abort();
        },
      },
      config: { ...config, control: { ...config.control, socket: '', dbus: 'off' } },
      sources: {},
      taps: new LogTaps(() => undefined),
      onConfig: () => undefined,
      stop: stop.signal,
      output: {
        print: (line) => void printed.push(line),
        log: () => undefined,
        fail: (error) => assert.fail(String(error)),
        defect: (error) => void defects.push(String(error)),
      },
    });
    assert.equal(exitCode, EXIT_CODES.ok);
    assert.deepEqual(defects, ['TypeError: x is not a function', 'TypeError: x is not a function']);
    assert.ok(
      printed.some((line) => line.startsWith('Installed: app.bin')),
      printed.join('\n'),
    );
  });
});
