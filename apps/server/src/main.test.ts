import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const command = fileURLToPath(new URL('../bin/ota-connect.js', import.meta.url));

function run(...words: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [command, ...words], { encoding: 'utf8' });
}

describe('ota-connect usage', () => {
  for (const words of [['--help'], ['serve', '--help']]) {
    it(`shows the exit codes once, when asked: ota-connect ${words.join(' ')}`, () => {
      const { status, stdout } = run(...words);
      assert.equal(status, 0);
      const codes = [...stdout.matchAll(/^ +(\d+) {2}(.+)$/gm)].map(([, code, text]) => `${code} ${text}`);
      assert.deepEqual(codes, ['0 stopped as asked', '1 could not start, or failed', '64 wrong usage']);
    });
  }

  for (const [words, what] of [
    [['serve', '--colour'], /unknown option '--colour'/],
    [['--api-prt', '1'], /unknown option '--api-prt' \(Did you mean --api-port\?\)/],
    [['serve', '--api-port', 'eighty'], /must be a port from 0 to 65535, not "eighty"/],
    [['dance'], /too many arguments/],
  ] as const) {
    it(`says in one line what is wrong and where help is, and ends with 64: ${words.join(' ')}`, () => {
      const { status, stdout, stderr } = run(...words);
      assert.equal(status, 64);
      assert.equal(stdout, '');
      assert.match(stderr, /^ota-connect: (?!error)[^\n]*[^.\n]; see: ota-connect serve --help\n$/);
      assert.match(stderr, what);
    });
  }
});
