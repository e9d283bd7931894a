// Loaded with --import: counts the bytes that a process reads from files by descriptor, and writes the number when it exits.
import fs, { writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const { readSync } = fs;
let bytes = 0;
fs.readSync = (...args) => {
  const count = readSync(...args);
  bytes += count;
  return count;
};
syncBuiltinESMExports();
process.on('exit', () => writeFileSync(process.env.BENCH_READS_FILE, String(bytes)));
