'use strict';
// Compiles the bundle's files for this Node.js and leaves the code beside them (`NAME.js.cache`), as Debian's Python
// packages do at installation: the code depends on the processor and is no part of a reproducible package.
// `node code-cache.js` writes, `node code-cache.js --remove` takes away. What is large and seldom used stays without.
const { readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } = require('node:fs');
const path = require('node:path');
const v8 = require('node:v8');
const { Script } = require('node:vm');

const SELDOM_BYTES = 200_000;
const files = readdirSync(__dirname).filter(
  (name) => name.endsWith('.js') && name !== 'start.js' && name !== 'code-cache.js',
);

function compile(name) {
  const filename = path.join(__dirname, name);
  // The same text as in start.js: V8 compares its length.
  const source = `(function (exports, require, module) {${readFileSync(filename, 'latin1')}\n})`;
  return { filename, script: new Script(source, { filename }) };
}

if (process.argv[2] === '--remove') {
  for (const name of readdirSync(__dirname)) {
    if (/\.js\.cache(?:\.new)?$/.test(name)) rmSync(path.join(__dirname, name));
  }
} else {
  // Every function, not only those that run while the file loads; the flags are part of what V8 compares later.
  v8.setFlagsFromString('--no-lazy');
  const often = files.filter((name) => statSync(path.join(__dirname, name)).size < SELDOM_BYTES);
  const compiled = often.map(compile);
  v8.setFlagsFromString('--lazy');
  for (const { filename, script } of compiled) {
    writeFileSync(`${filename}.cache.new`, script.createCachedData());
    renameSync(`${filename}.cache.new`, `${filename}.cache`);
  }
}
