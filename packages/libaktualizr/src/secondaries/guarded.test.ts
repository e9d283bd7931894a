import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { RepositorySimulator, SECONDARY, secondaryContract, SecondarySimulator } from '@ota-connect/testkit';
import { SecondaryError } from '../errors.ts';
import type { Secondary } from '../ports.ts';
import { guarded } from './guarded.ts';

const SIGNAL = new AbortController().signal;
const SHORT = { answerMs: 20, verifyMs: 20, workMs: 20 };

async function create(): Promise<{ simulator: RepositorySimulator; simulated: SecondarySimulator }> {
  const simulator = await RepositorySimulator.create();
  return { simulator, simulated: await SecondarySimulator.create({ ecu: SECONDARY, factory: simulator }) };
}

secondaryContract('guarded', async () => {
  const { simulator, simulated } = await create();
  return { simulator, secondary: guarded(simulated) };
});

describe('guarded Secondary', () => {
  it('is unreachable when its driver never answers', async () => {
    const { simulated } = await create();
    const silent: Secondary = { ...guarded(simulated), manifest: () => new Promise(() => undefined) };
    await assert.rejects(
      guarded(silent, SHORT).manifest(SIGNAL),
      (error: unknown) => error instanceof SecondaryError && error.code === 'unreachable',
    );
  });

  it('tells the driver to stop, when it took too long', async () => {
    const { simulated } = await create();
    let told: unknown;
    const slow: Secondary = {
      ...guarded(simulated),
      install: (_target, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            told = signal.reason;
            reject(signal.reason as Error);
          });
        }),
    };
    const target = { name: 'x', lengthBytes: 0, hashes: {}, ecus: new Map(), custom: {} };
    await assert.rejects(guarded(slow, SHORT).install(target as never, SIGNAL), SecondaryError);
    assert.ok(told instanceof SecondaryError);
  });

  it('gives what its driver throws a name, and keeps the cause', async () => {
    const { simulated } = await create();
    const cause = new TypeError('x is not a function');
    simulated.faults.set('manifest', cause);
    await assert.rejects(
      guarded(simulated).manifest(SIGNAL),
      (error: unknown) => error instanceof SecondaryError && error.code === 'failed' && error.cause === cause,
    );
    simulated.faults.set('manifest', 'unreachable');
    await assert.rejects(
      guarded(simulated).manifest(SIGNAL),
      (error: unknown) => error instanceof SecondaryError && error.code === 'unreachable',
    );
  });

  it('ends at once with its signal, whatever the driver does', async () => {
    const { simulated } = await create();
    const silent: Secondary = { ...guarded(simulated), manifest: () => new Promise(() => undefined) };
    const stop = new AbortController();
    const asked = guarded(silent).manifest(stop.signal);
    stop.abort(new Error('enough'));
    await assert.rejects(asked, /enough/);
  });
});
