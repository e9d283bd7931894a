import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FaultPoints, PowerCut } from './faults.ts';

class Disk {
  #written: string[] = [];
  readonly part = { write: (text: string) => this.write(text) };
  write(text: string): number {
    return this.#written.push(text);
  }
  async flush(): Promise<readonly string[]> {
    return this.#written;
  }
}

describe('fault points', () => {
  it('counts calls, those of inner objects too, and changes nothing', async () => {
    const points = new FaultPoints();
    const disk = points.wrap(new Disk());
    disk.write('a');
    disk.part.write('b');
    assert.deepEqual(await disk.flush(), ['a', 'b']);
    assert.deepEqual(points.calls, ['write', 'part.write', 'flush']);
  });

  it('fails one call and no other', async () => {
    const disk = new FaultPoints({ kind: 'throw', at: 2, error: () => new RangeError('full') }).wrap(
      new Disk(),
    );
    disk.write('a');
    assert.throws(() => disk.write('b'), RangeError);
    disk.write('c');
    assert.deepEqual(await disk.flush(), ['a', 'c']);
  });

  it('cuts the power for good, before or after the work of the call', async () => {
    for (const [when, expected] of [
      ['before', ['a']],
      ['after', ['a', 'b']],
    ] as const) {
      const real = new Disk();
      const disk = new FaultPoints({ kind: 'power cut', at: 2, when }).wrap(real);
      disk.write('a');
      assert.throws(() => disk.write('b'), PowerCut);
      assert.throws(() => disk.write('c'), PowerCut);
      assert.deepEqual(await real.flush(), expected);
    }
  });

  it('rejects a call that answers later, after its work', async () => {
    const disk = new FaultPoints({ kind: 'throw', at: 1, when: 'after' }).wrap(new Disk());
    await assert.rejects(disk.flush());
  });
});
