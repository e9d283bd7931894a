// What is known of a partial image beside its bytes: how many are durable, in which boot that was written, and a print of
// each block. It lies beside the image as NAME.journal; the original, and whoever lost it, trusts the file's length. Lines
// are only appended, each after the bytes that it speaks of: a line that was torn ends what is read.
import { closeSync, constants, fdatasync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { promisify } from 'node:util';

const HEADER = 'ota-connect download journal 1';
const DURABLE = /^durable (\d{1,15}) ([\w-]{0,64})$/;
const BLOCK = /^block (\d{1,9}) ([0-9a-f]{8})$/;
const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants;
const toDisk = promisify(fdatasync);

export const BLOCK_BYTES = 1024 * 1024;

/** One byte of so many is looked at: enough to tell a sector that was lost from one that was written. */
const PRINT_STRIDE = 64;
const PRINT_START = 0x811c9dc5;
const PRINT_FACTOR = 0x01000193;

export type JournalEntries = {
  readonly durableBytes: number;
  /** Of the boot in which the last line was written; what the kernel took in that boot is still there. */
  readonly bootId: string;
  /** By number of the block. */
  readonly prints: ReadonlyMap<number, number>;
};

export function journalOf(file: string): string {
  return `${file}.journal`;
}

/** undefined without a journal, or with one that says nothing. */
export function readJournal(file: string): JournalEntries | undefined {
  const lines = readLines(journalOf(file));
  if (lines.shift() !== HEADER) return undefined;
  const prints = new Map<number, number>();
  let durable: RegExpExecArray | undefined;
  for (const line of lines) {
    const block = BLOCK.exec(line);
    if (block !== null) {
      prints.set(Number(block[1]), Number.parseInt(block[2] ?? '', 16));
      continue;
    }
    const found = DURABLE.exec(line);
    if (found === null) break;
    durable = found;
  }
  if (durable === undefined) return undefined;
  return { durableBytes: Number(durable[1]), bootId: durable[2] ?? '', prints };
}

/** On disk when it resolves. The bytes have to be there before. */
export async function appendToJournal(file: string, entries: JournalEntries, isNew: boolean): Promise<void> {
  const blocks = [...entries.prints].map(([at, print]) => `block ${at} ${hex(print)}\n`).join('');
  const text = `${isNew ? `${HEADER}\n` : ''}${blocks}durable ${entries.durableBytes} ${entries.bootId}\n`;
  const path = journalOf(file);
  if (isNew) removeJournal(file);
  const descriptor = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600);
  try {
    writeSync(descriptor, text);
    await toDisk(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

export function removeJournal(file: string): void {
  rmSync(journalOf(file), { force: true, recursive: true });
}

/** The print of a block goes on with each of its pieces; `position` is where the piece lies in the file. */
export function printOf(piece: Uint8Array, position: number, before: number = PRINT_START): number {
  let print = before;
  const first = (PRINT_STRIDE - (position % PRINT_STRIDE)) % PRINT_STRIDE;
  for (let at = first; at < piece.length; at += PRINT_STRIDE) {
    print = Math.imul(print ^ (piece[at] ?? 0), PRINT_FACTOR);
  }
  return print >>> 0;
}

function hex(print: number): string {
  return print.toString(16).padStart(8, '0');
}

function readLines(path: string): string[] {
  try {
    // What follows the last end of line was torn.
    return readFileSync(path, 'latin1').split('\n').slice(0, -1);
  } catch (error) {
    if (error instanceof Error && 'code' in error) return [];
    throw error;
  }
}
