// A fuzzer that V8's coverage guides: what makes the sources do something new is changed further. The same seed gives the
// same run. A finding is made smaller before it is told.
import { Coverage } from './coverage.ts';
import { mutate, Random } from './mutate.ts';
import { judge, type Subject } from './subjects.ts';

export type FuzzRun = {
  readonly seeds: readonly Uint8Array[];
  readonly seed: number;
  readonly inputs: number;
};

export type FuzzResult = {
  readonly blocks: number;
  readonly taken: number;
  /** Inputs that reached something new, in the order of their finding. */
  readonly found: readonly Uint8Array[];
  /** The most steps per byte of an input, with a thousand bytes in hand. */
  readonly steps: number;
};

/** No input may cost more steps for each of its bytes; ten are usual. */
const MAX_STEPS = 200;
const IN_HAND = 1000;
const SMALLER_TRIES = 300;

/** @throws Error with seed and input of what was found */
export function fuzz(subject: Subject, { seeds, seed, inputs }: FuzzRun): FuzzResult {
  const coverage = new Coverage();
  const random = new Random(seed);
  const pool = [...seeds];
  const found: Uint8Array[] = [];
  let taken = 0;
  let steps = 0;
  try {
    for (let done = 0; done < inputs; done += 1) {
      const isSeed = done < seeds.length;
      const start = random.pick(pool, new Uint8Array());
      const input = (isSeed ? seeds[done] : undefined) ?? mutate(start, pool, random);
      const failure = failureOf(subject, input);
      if (failure === undefined) taken += 1;
      const { news, work } = coverage.take();
      const perByte = work / (input.length + IN_HAND);
      steps = Math.max(steps, perByte);
      const bug =
        failure instanceof Error
          ? failure
          : perByte > (subject.maxSteps ?? MAX_STEPS)
            ? new Error(`it takes ${work} steps`)
            : undefined;
      if (bug !== undefined) throw findingOf(subject, input, seed, bug);
      if (news === 0 || isSeed) continue;
      pool.push(input);
      found.push(input);
    }
  } finally {
    coverage.close();
  }
  return { blocks: coverage.size, taken, found, steps };
}

/** undefined when it was taken, `refused`, or what nobody may throw. */
function failureOf(subject: Subject, input: Uint8Array): Error | 'refused' | undefined {
  try {
    return judge(subject, input) ? undefined : 'refused';
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function findingOf(subject: Subject, input: Uint8Array, seed: number, bug: Error): Error {
  let small = input;
  for (let tries = 0, span = small.length >> 1; span > 0 && tries < SMALLER_TRIES; span >>= 1) {
    for (let at = 0; at < small.length && tries < SMALLER_TRIES; tries += 1) {
      const shorter = Buffer.concat([small.subarray(0, at), small.subarray(at + span)]);
      if (failureOf(subject, shorter) instanceof Error) small = shorter;
      else at += span;
    }
  }
  const text = JSON.stringify(new TextDecoder().decode(small));
  const base64 = Buffer.from(small).toString('base64');
  return new Error(`${subject.name}, seed ${seed}, input ${text} (base64 ${base64}): ${bug.message}`, {
    cause: bug,
  });
}
