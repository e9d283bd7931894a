'use strict';
// Starts one of the device's commands: `node start.js COMMAND ARGUMENTS`. Loads the bundle's files beside it with the
// V8 code that code-cache.js left for them, functions included that Node's own compile cache leaves out: a quarter of
// the time of a short command is compilation otherwise. A cache that does not fit this Node.js is passed over.
const { readFileSync } = require('node:fs');
const { Script } = require('node:vm');

const folder = `${__dirname}/`;
const loaded = new Map();
/** What most commands need, in one file. */
let parts = {};
let knowsAddresses = false;

function load(name) {
  const known = loaded.get(name);
  if (known !== undefined) return known.exports;
  const module = { exports: {} };
  loaded.set(name, module);
  (parts[name] ?? read(name)).call(module.exports, module.exports, find, module);
  return module.exports;
}

function read(name) {
  const code = stored(name);
  if (code === undefined) throw new Error(`${folder}${name} is missing: the installation is not complete.`);
  // esbuild writes ASCII alone: a string of single bytes is the smallest.
  const source = `(function (exports, require, module) {${code.toString('latin1')}\n})`;
  const options = { filename: folder + name, cachedData: stored(`${name}.cache`) };
  return new Script(source, options).runInThisContext();
}

function find(specifier) {
  if (specifier.startsWith('./')) return load(specifier.slice(2));
  const found = specifier.startsWith('node:') ? require(specifier) : outside(specifier);
  if (specifier === 'node:https' && !knowsAddresses) learnAddresses();
  return found;
}

/** What is not bundled: native addons, in node_modules beside. */
function outside(specifier) {
  const { createRequire, isBuiltin } = require('node:module');
  return isBuiltin(specifier) || globalThis.otaConnectFile === undefined
    ? require(specifier)
    : createRequire(process.execPath)(specifier);
}

/**
 * The pattern that Node.js recognises an IPv6 address by is asked before each connection; V8 takes 5 ms to optimise it,
 * under 1 ms not to. After node:https is there: the flags that V8 runs with are compared with those of compiled code.
 */
function learnAddresses() {
  knowsAddresses = true;
  const v8 = require('node:v8');
  v8.setFlagsFromString('--no-regexp-optimization');
  require('node:net').isIPv6('localhost');
  v8.setFlagsFromString('--regexp-optimization');
}

/** A file of the bundle; undefined when it is not there. */
function stored(name) {
  if (globalThis.otaConnectFile !== undefined) return globalThis.otaConnectFile(name);
  try {
    return readFileSync(folder + name);
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

parts = load('parts.js');
const [command] = process.argv.splice(2, 1);
load(`${command}.js`);
