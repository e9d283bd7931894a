// Loaded into the real aktualizr with --import: the process kills itself (SIGKILL, nothing is flushed) at the n-th time
// it saves the state of the update cycle (or writes to KILL_TABLE), just before or just after the write. No line of the
// client knows of it.
import { StatementSync } from 'node:sqlite';

const killAt = Number(process.env.KILL_AT_SAVE);
const table = process.env.KILL_TABLE ?? 'ota_connect_cycle';
const before = process.env.KILL_WHEN === 'before';
const { value: run } = Object.getOwnPropertyDescriptor(StatementSync.prototype, 'run') ?? {};
let saves = 0;

StatementSync.prototype.run = function (...values) {
  const isSave = this.sourceSQL.includes(`INTO ${table}`);
  if (isSave) saves += 1;
  if (isSave && saves === killAt && before) process.kill(process.pid, 'SIGKILL');
  const result = run.apply(this, values);
  if (isSave && saves === killAt && !before) process.kill(process.pid, 'SIGKILL');
  return result;
};
