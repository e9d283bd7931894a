// What both commands do before their code is loaded. Plain JavaScript, so that an older Node.js can say which version
// it lacks.
import { existsSync } from 'node:fs';
import module from 'node:module';

const needed = 26;

/** Loads the command when this Node.js can run it; ends the process otherwise. */
export async function run(name, load) {
  if (Number(process.versions.node.split('.')[0]) < needed) {
    process.stderr.write(
      `${name} needs Node.js ${needed} or newer, this is ${process.version}. Inside the clone run it as: npx --no ${name}\n`,
    );
    process.exit(1);
  }
  restoreConfigOption();
  module.enableCompileCache?.();
  await load();
}

/**
 * `npx --no NAME --config DIR` reaches us without `--config`: npm takes every option before the first word for its own
 * and passes only the words on.
 */
function restoreConfigOption() {
  if (process.env.npm_lifecycle_event !== 'npx' || process.env.npm_config_config !== 'true') return;
  const directory = process.argv.findIndex(
    (word, index) => index > 1 && (word.includes('/') || existsSync(word)),
  );
  if (directory > 0) process.argv.splice(directory, 0, '--config');
}
