import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { AbortedError, CommandQueue } from './command-queue.ts';

describe('command queue', () => {
  it('runs one command at a time, in the order of the calls', async () => {
    const queue = new CommandQueue();
    const steps: string[] = [];
    const command = (name: string) =>
      queue.run(async () => {
        steps.push(`${name} begins`);
        await new Promise(setImmediate);
        steps.push(`${name} ends`);
      });
    await Promise.all([command('a'), command('b')]);
    assert.deepEqual(steps, ['a begins', 'a ends', 'b begins', 'b ends']);
  });

  it('goes on after a command that failed, whose caller alone sees it', async () => {
    const queue = new CommandQueue();
    const failing = queue.run(async () => Promise.reject(new Error('its own fault')));
    const next = queue.run(async () => 'done');
    await assert.rejects(failing, /its own fault/);
    assert.equal(await next, 'done');
  });

  it('holds the next command back while paused', async () => {
    const queue = new CommandQueue();
    assert.equal(queue.pause(), 'paused');
    assert.equal(queue.pause(), 'already_paused');
    let hasRun = false;
    const waiting = queue.run(async () => void (hasRun = true));
    await new Promise(setImmediate);
    assert.equal(hasRun, false);
    assert.equal(queue.resume(), 'resumed');
    assert.equal(queue.resume(), 'already_running');
    await waiting;
    assert.equal(hasRun, true);
  });

  it('ends the running command and drops the waiting ones at an abort, and takes new ones', async () => {
    const queue = new CommandQueue();
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const running = queue.run(
      (signal) =>
        new Promise((_resolve, reject) => {
          begin();
          signal.addEventListener('abort', () => reject(signal.reason as Error));
        }),
    );
    let hasRun = false;
    const waiting = queue.run(async () => void (hasRun = true));
    await begun;
    queue.abort();
    await assert.rejects(running, AbortedError);
    await assert.rejects(waiting, AbortedError);
    assert.equal(hasRun, false);
    assert.equal(await queue.run(async () => 'new'), 'new');
  });

  it('aborts what waits for the end of a pause', async () => {
    const queue = new CommandQueue();
    queue.pause();
    const waiting = queue.run(async () => 'never');
    await new Promise(setImmediate);
    queue.abort();
    await assert.rejects(waiting, AbortedError);
  });
});
