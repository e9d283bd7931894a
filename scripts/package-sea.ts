// `npm run package:sea`: all device commands as one executable file with Node.js in it, for who delivers a single file.
// It brings one file, not speed: the packages start as fast. Links by the other commands' names make it those commands.
import { execFileSync } from 'node:child_process';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { bundleAktualizr } from './bundle-aktualizr.ts';

const MEBI = 1024 * 1024;

/** Writes `aktualizr` into `out`; answers the file. */
export async function buildSingleExecutable(out: string): Promise<string> {
  mkdirSync(out, { recursive: true });
  const scratch = mkdtempSync(path.join(tmpdir(), 'ota-connect-single-'));
  try {
    const start = await bundleAktualizr(scratch);
    execFileSync(process.execPath, [path.join(scratch, 'code-cache.js')]);
    const main = path.join(scratch, 'main.cjs');
    const single = path.join(import.meta.dirname, '../packaging/device/single.js');
    // Each in a block of its own: both are whole files.
    writeFileSync(main, `{${readFileSync(single, 'utf8')}}\n{${readFileSync(start, 'utf8')}}\n`);
    const assets = globSync('*.js{,.cache}', { cwd: scratch }).filter((name) => !NO_ASSETS.has(name));
    const output = path.join(out, 'aktualizr');
    const config = path.join(scratch, 'single.json');
    const settings = {
      main,
      output,
      disableExperimentalSEAWarning: true,
      useCodeCache: true,
      execArgv: ['--max-semi-space-size=1'],
      assets: Object.fromEntries(assets.map((name) => [name, path.join(scratch, name)])),
    };
    writeFileSync(config, JSON.stringify(settings));
    execFileSync(process.execPath, [`--build-sea=${config}`], { stdio: ['ignore', 'ignore', 'inherit'] });
    return output;
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

const NO_ASSETS = new Set(['start.js', 'code-cache.js', 'single.js']);

if (import.meta.main) {
  const { values } = parseArgs({ options: { out: { type: 'string', default: 'dist' } } });
  const file = await buildSingleExecutable(values.out);
  console.log(`${file}  ${(statSync(file).size / MEBI).toFixed(0)} MiB`);
}
