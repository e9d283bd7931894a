#!/usr/bin/env node
// Plain JavaScript, so that an older Node.js can say which version it lacks.
import module from 'node:module';

const needed = 26;
if (Number(process.versions.node.split('.')[0]) < needed) {
  process.stderr.write(
    `uptane-client needs Node.js ${needed} or newer, this is ${process.version}. Inside the clone run it as: npx --no -- uptane-client\n`,
  );
  process.exit(1);
}
module.enableCompileCache?.();
await import('../src/uptane-client.ts');
