import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';

describe('log', () => {
  it('blanks secrets by the name of their field', () => {
    const script = `
      import { createLog } from ${JSON.stringify(new URL('./log.ts', import.meta.url).href)};
      createLog('info').info({ token: 'S1', req: { headers: { authorization: 'S2' }, password: 'S3' } }, 'hello');`;
    const output = execFileSync('sh', [
      '-c',
      '"$0" --input-type=module -e "$1" 2>&1',
      process.execPath,
      script,
    ]);
    assert.match(output.toString(), /hello/);
    assert.doesNotMatch(output.toString(), /S[123]/);
  });
});
