// What both commands do before their code is loaded. Plain JavaScript, so that an older Node.js can say which version
// it lacks.
import { existsSync } from 'node:fs';
import module from 'node:module';

const needed = 26;

/**
 * Loads the command when this Node.js can run it; ends the process otherwise.
 * `options`: the command's options, as far as npm may take them for its own.
 */
export async function run(name, options, load) {
  if (Number(process.versions.node.split('.')[0]) < needed) {
    process.stderr.write(
      `${name} needs Node.js ${needed} or newer, this is ${process.version}. Inside the clone run it as: npx --no ${name}\n`,
    );
    process.exit(1);
  }
  if (process.env.npm_lifecycle_event === 'npx') giveBackOptions(name, options);
  module.enableCompileCache?.();
  await load();
}

/**
 * `npx --no NAME --config DIR --json` reaches us as the word DIR alone: npm takes every option before the first word for
 * its own and leaves it in the environment, `--run-mode=check` with its value, `--config DIR` without.
 */
function giveBackOptions(name, { flags, values }) {
  const taken = (option) => process.env[`npm_config_${option.replaceAll('-', '_')}`];
  const back = flags.filter((flag) => taken(flag) === 'true').map((flag) => `--${flag}`);
  for (const option of values) {
    const value = taken(option);
    if (value === undefined || value === '' || process.argv.includes(`--${option}`)) continue;
    if (value !== 'true') back.push(`--${option}=${value}`);
    else if (option === 'config') giveBackConfig();
    // The mode is among the words, where it stands as well.
    else if (option !== 'run-mode') refuse(name, option);
  }
  process.argv.splice(2, 0, ...back);
}

function giveBackConfig() {
  const directory = process.argv.findIndex(
    (word, index) => index > 1 && (word.includes('/') || existsSync(word)),
  );
  if (directory > 0) process.argv.splice(directory, 0, '--config');
}

function refuse(name, option) {
  process.stderr.write(`npm took --${option} for its own. Write it as: npx --no -- ${name} --${option} …\n`);
  process.exit(64);
}
