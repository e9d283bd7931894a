// Which files and directories one update of a device writes to.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TracedDevice } from './traced-device.ts';
import {
  pathOfDescriptor,
  readCalls,
  stringsOf,
  tracedAktualizr,
  WRITING_CALLS,
  type Call,
} from './traced.ts';

/** All calls of one whole update that write, with every byte. */
export async function callsOfAnUpdate(device: TracedDevice): Promise<readonly Call[]> {
  const parent = mkdtempSync(path.join(tmpdir(), 'strace-'));
  try {
    const log = path.join(parent, 'log');
    const strace = ['-y', '-xx', '-s', '100000000', '-ttt', '-e', `trace=openat,${WRITING_CALLS}`, '-o', log];
    const { code, output } = await tracedAktualizr(strace, [...device.config, 'once']);
    if (code !== 0) throw new Error(`The update under strace failed: ${output}`);
    return readCalls(log);
  } finally {
    rmSync(parent, { recursive: true });
  }
}

export async function filesOf(device: TracedDevice): Promise<readonly string[]> {
  const paths = new Set<string>();
  for (const { name, args } of await callsOfAnUpdate(device)) {
    const named = /^(open|unlink|rename|mkdir)/.test(name)
      ? stringsOf(args).map((bytes) => bytes.toString('utf8'))
      : [pathOfDescriptor(args) ?? ''];
    for (const file of named) if (file.startsWith(`${device.folder}/`)) paths.add(file);
  }
  return [...paths];
}
