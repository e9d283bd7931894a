'use strict';
// Compiles the bundle's files for this Node.js and leaves the code beside them (`NAME.js.cache`), as Debian's Python
// packages do at installation: the code depends on the processor and is no part of a reproducible package.
// What is large and seldom used stays without.
const { readFileSync, readdirSync, renameSync, statSync, writeFileSync } = require('node:fs');
const path = require('node:path');
const v8 = require('node:v8');
const { Script } = require('node:vm');

const SELDOM_BYTES = 100_000;
const OURS = ['start.js', 'code-cache.js'];

function compile(filename) {
  // The same text as in start.js: V8 compares its length.
  const source = `(function (exports, require, module) {${readFileSync(filename, 'latin1')}\n})`;
  return { filename, script: new Script(source, { filename }) };
}

const files = readdirSync(__dirname)
  .filter((name) => name.endsWith('.js') && !OURS.includes(name))
  .map((name) => path.join(__dirname, name))
  .filter((filename) => filename.endsWith('parts.js') || statSync(filename).size < SELDOM_BYTES);

// Every function, not only those that run while the file loads; the flags are part of what V8 compares later.
v8.setFlagsFromString('--no-lazy');
const compiled = files.map(compile);
v8.setFlagsFromString('--lazy');
for (const { filename, script } of compiled) {
  writeFileSync(`${filename}.cache.new`, script.createCachedData());
  renameSync(`${filename}.cache.new`, `${filename}.cache`);
}
