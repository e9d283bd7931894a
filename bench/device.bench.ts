// The device's side: `aktualizr check` with nothing new against Node's own start; then its downloads.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createDevice, startSystem, type System } from '../e2e/support/system.ts';
import { bundleAktualizr } from '../scripts/bundle-aktualizr.ts';
import { downloadBench } from './download.bench.ts';
import { inTurn, measureNode, type Figures } from './measure.ts';
import { rounded, type Result } from './result.ts';

type Emit = (result: Result) => void;

const RUNS = 15;
const WALL_RATIO = 1.6;
const ABOVE_MIB = 15;
const LOADS = 'script that loads https, crypto, sqlite';
const CHECK = 'aktualizr check, nothing new';
/** A list of further CAs of this machine would be parsed at each start; a device has none. */
const OWN_CAS = { NODE_EXTRA_CA_CERTS: undefined };
const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const command = path.join(root, 'apps/aktualizr/bin/aktualizr.js');

function script(folder: string, name: string, text: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
}

function emitFigures(
  emit: Emit,
  name: string,
  figures: Figures,
  against?: { readonly name: string; readonly figures: Figures },
): void {
  emit({ name: `${name}: wall`, value: rounded(figures.wallSeconds * 1000), unit: 'ms' });
  emit({ name: `${name}: CPU`, value: rounded(figures.cpuSeconds * 1000), unit: 'ms' });
  emit({ name: `${name}: peak memory`, value: rounded(figures.peakMiB), unit: 'MiB' });
  if (against === undefined) return;
  const share = rounded(against.figures.wallSeconds / figures.wallSeconds);
  emit({
    name: `${name}: share that is Node's own start`,
    value: share,
    unit: 'of wall',
    against: against.name,
  });
}

/** As installed: the bundle with the code that the package's installation compiles. */
async function installed(folder: string): Promise<string> {
  const start = await bundleAktualizr(folder);
  execFileSync(process.execPath, [path.join(folder, 'code-cache.js')]);
  return start;
}

async function benchCheck(system: System, bundle: string, emit: Emit): Promise<void> {
  const device = await createDevice(system, 'bench-check');
  const first = await device.aktualizr('check');
  if (first.code !== 0) throw new Error(first.stderr);
  const empty = script(system.folder, 'empty.cjs', '');
  const loads = script(
    system.folder,
    'loads.cjs',
    "require('node:https');require('node:crypto');require('node:sqlite');",
  );
  const args = ['--config', device.configDir, 'check'];
  // As packaging/bin/command starts it.
  const usual = ['--max-semi-space-size=1'];
  const small = ['--lite-mode', ...usual];
  const figures = await inTurn(RUNS, {
    empty: () => measureNode([empty], OWN_CAS),
    loads: () => measureNode([loads], OWN_CAS),
    bundled: () => measureNode([...usual, bundle, 'aktualizr', ...args], OWN_CAS),
    small: () => measureNode([...small, bundle, 'aktualizr', ...args], OWN_CAS),
    source: () => measureNode([command, ...args], OWN_CAS),
  });
  const nothing = { name: 'empty script', figures: figures.empty };
  emitFigures(emit, nothing.name, figures.empty);
  emitFigures(emit, LOADS, figures.loads);
  emitFigures(emit, `${CHECK}, bundled`, figures.bundled, nothing);
  emitFigures(emit, `${CHECK}, bundled, small profile`, figures.small, nothing);
  emitFigures(emit, `${CHECK}, from source`, figures.source, nothing);
  emitStart(emit, figures.bundled, figures.loads);
}

/** What `check` with nothing new may take, as a multiple of a script that only loads what it needs. */
function emitStart(emit: Emit, check: Figures, loads: Figures): void {
  const ratio = check.wallSeconds / loads.wallSeconds;
  const above = check.peakMiB - loads.peakMiB;
  const name = `${CHECK}, bundled`;
  emit({
    name: `${name}: wall ratio`,
    value: rounded(ratio),
    unit: '×',
    promised: `at most ${WALL_RATIO} ×`,
    kept: ratio <= WALL_RATIO,
    against: LOADS,
  });
  emit({
    name: `${name}: peak memory above`,
    value: rounded(above),
    unit: 'MiB',
    promised: `at most ${ABOVE_MIB} MiB`,
    kept: above <= ABOVE_MIB,
    against: LOADS,
  });
}

export async function deviceBench(emit: Emit): Promise<void> {
  const system = await startSystem();
  try {
    const bundle = await installed(path.join(system.folder, 'bundle'));
    await benchCheck(system, bundle, emit);
    await downloadBench(system, bundle, emit);
  } finally {
    await system.stop();
  }
}
