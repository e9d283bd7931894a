import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodedPath } from '../src/address.ts';
import { fileNameOf } from '../src/file-name.ts';

describe('file name of a name from outside', () => {
  const names: readonly (readonly [string, string])[] = [
    ['app.bin', 'app.bin'],
    ['..', '%2E.'],
    ['.', '%2E'],
    ['../x', '%2E.%2Fx'],
    ['/x', '%2Fx'],
    ['a\0b', 'a%00b'],
    ['é*', '%C3%A9%2A'],
    ['a%2Fb', 'a%252Fb'],
    ['__proto__', '__proto__'],
  ];
  for (const [name, expected] of names)
    it(`is ${expected} for ${JSON.stringify(name)}`, () => assert.equal(fileNameOf(name), expected));

  it('fits a file system however long the name is, and is another for each', () => {
    const long = 'ü'.repeat(1000);
    const made = new Set([fileNameOf(long), fileNameOf(`${long}x`), fileNameOf(`${long}y`)]);
    assert.equal(made.size, 3);
    for (const name of made) assert.ok(name.length <= 200);
    // What a long name becomes is no short name's.
    for (const name of made) assert.notEqual(fileNameOf(name), name);
  });
});

describe('path of an image', () => {
  const names: readonly (readonly [string, string])[] = [
    ['dir/app.bin', 'dir/app.bin'],
    ['dir/a b', 'dir/a%20b'],
    ['/x', '/x'],
    ['../x', '..%2Fx'],
    ['a/./b', 'a%2F.%2Fb'],
    ['?#*', '%3F%23%2A'],
  ];
  for (const [name, expected] of names)
    it(`is ${expected} for ${name}`, () => assert.equal(encodedPath(name), expected));
});
