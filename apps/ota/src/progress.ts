// One line on a terminal that grows; nothing at all where stderr is no terminal.
import { bytes, printable } from './output.ts';

export type Progress = { at(doneBytes: number): void; end(): void };

const INTERVAL_MS = 100;
const WIDTH = 24;

export function startProgress(label: string, totalBytes: number): Progress {
  if (!process.stderr.isTTY) return { at: () => undefined, end: () => undefined };
  let drawnAt = 0;
  return {
    at(doneBytes) {
      const now = performance.now();
      if (now - drawnAt < INTERVAL_MS && doneBytes < totalBytes) return;
      drawnAt = now;
      const share = totalBytes === 0 ? 1 : doneBytes / totalBytes;
      const bar = '#'.repeat(Math.round(share * WIDTH)).padEnd(WIDTH, '.');
      const percent = `${Math.floor(share * 100)}`.padStart(3);
      const amount = `${bytes(doneBytes)} of ${bytes(totalBytes)}`;
      process.stderr.write(`\r${printable(label)} [${bar}] ${percent} % ${amount}\u001b[K`);
    },
    end() {
      process.stderr.write('\r\u001b[K');
    },
  };
}
