// Fuzzing of everything that reads bytes or text from outside. OTA_TEST_RUNS makes it longer, OTA_TEST_SEED repeats a run,
// OTA_FUZZ_CORPUS=write keeps what reached new code.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { runs } from '../properties/runs.ts';
import { fuzz } from './fuzzer.ts';
import { CORPUS, corpus, type CorpusEntry, seedsFor } from './seeds.ts';
import { judge, SUBJECTS } from './subjects.ts';

const INPUTS = 300;
const KEPT = 12;
const KEPT_BYTES = 1500;

const isWriting = process.env['OTA_FUZZ_CORPUS'] === 'write';
const kept: CorpusEntry[] = [];

describe('fuzzing', () => {
  for (const subject of SUBJECTS) {
    it(`${subject.name}: any input is taken as the plain reader reads it, or refused by name, in bounded steps [5.2.1-2]`, async (t) => {
      const seeds = await seedsFor(subject.name);
      const { numRuns = INPUTS, seed = Date.now() % 1_000_000 } = runs(INPUTS);
      const result = fuzz(subject, { seeds, seed, inputs: Math.max(seeds.length, numRuns) });
      const { blocks, taken, found, steps } = result;
      t.diagnostic(
        `seed ${seed}: ${blocks} blocks, ${taken} taken, at most ${steps.toFixed(0)} steps a byte`,
      );
      assert.ok(taken > 0);
      if (!isWriting) return;
      const small = found.filter((input) => input.length <= KEPT_BYTES).slice(-KEPT);
      const known = corpus().filter((entry) => entry.subject === subject.name);
      const base64 = small.map((input) => Buffer.from(input).toString('base64'));
      const entries = base64.map((text) => ({ subject: subject.name, base64: text }));
      kept.push(...[...known, ...entries].slice(-2 * KEPT));
      writeFileSync(CORPUS, `[\n${kept.map((entry) => `  ${JSON.stringify(entry)}`).join(',\n')}\n]\n`);
    });
  }

  it('tells a bug from a refusal, with an input that shows it', () => {
    const subject = {
      name: 'broken',
      read: (input: Uint8Array) => {
        if (input.includes(0x7b)) throw new TypeError('a bug');
      },
    };
    const seeds = [new TextEncoder().encode('0123456789')];
    assert.throws(
      () => fuzz(subject, { seeds, seed: 1, inputs: 5000 }),
      /broken, seed 1, input "\{" .*a bug/,
    );
  });

  it('judges a refusal with a bug behind it as the bug', () => {
    const [subject] = SUBJECTS;
    assert.ok(subject);
    assert.equal(judge(subject, new TextEncoder().encode('[]')), true);
    const wrapped = new Error('wrapped', { cause: new TypeError('a bug') });
    const read = (): void => {
      throw wrapped;
    };
    assert.throws(() => judge({ name: 'x', read }, new Uint8Array()), wrapped);
  });
});
