// How often a random test runs: a few seconds of it in `npm test`, more where OTA_TEST_RUNS says so. fast-check prints
// the seed of what fails; OTA_TEST_SEED runs it again.
import type { Parameters } from 'fast-check';

const USUAL = 400;

/** `usual` of a test that takes as long as the plainest one with 400 runs. */
export function runs(usual: number = USUAL): Parameters<unknown> {
  const factor = Number(process.env['OTA_TEST_RUNS'] ?? USUAL) / USUAL;
  const seed = process.env['OTA_TEST_SEED'];
  return {
    numRuns: Math.max(1, Math.round(usual * factor)),
    ...(seed === undefined ? {} : { seed: Number(seed) }),
  };
}
