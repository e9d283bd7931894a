#!/usr/bin/env node
// Plain JavaScript, so that an older Node.js can say which version it lacks.
import { existsSync } from 'node:fs';
import module from 'node:module';

const needed = 26;
if (Number(process.versions.node.split('.')[0]) < needed) {
  process.stderr.write(
    `aktualizr needs Node.js ${needed} or newer, this is ${process.version}. Inside the clone run it as: npx --no aktualizr\n`,
  );
  process.exit(1);
}
// `npx --no aktualizr --config DIR` reaches us without `--config`: npm takes every option before the first word for its
// own and passes only the words on.
if (process.env.npm_lifecycle_event === 'npx' && process.env.npm_config_config === 'true') {
  const directory = process.argv.findIndex(
    (word, index) => index > 1 && (word.includes('/') || existsSync(word)),
  );
  if (directory > 0) process.argv.splice(directory, 0, '--config');
}
module.enableCompileCache?.();
await import('../src/main.ts');
