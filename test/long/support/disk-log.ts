// A disk as a log of what was written to it: what is on it after a power cut, when nothing but what was synced has arrived,
// or everything that was written, or the names but of the bytes only those that were synced (as journaling file systems
// may leave it). Names of a directory count as synced with the directory, or with the file itself as on ext4.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathOfDescriptor, stringsOf, type Call } from './traced.ts';

export type Arrived = 'all that was written' | 'what was synced' | 'all names, of the bytes what was synced';

type File = { readonly bytes: Buffer; readonly mode: number };
/** `synced`: the bytes that a power cut cannot take. */
type Inode = { written: Buffer; synced: Buffer };

/** Follows one process tree's calls on the files below one folder. */
export class DiskLog {
  readonly #folder: string;
  readonly #now = new Map<string, Inode>();
  readonly #durable = new Map<string, Inode>();
  readonly #offsets = new Map<string, number>();

  /** `start`: the files as they lie there before the first call, all of them durable. */
  constructor(folder: string, start: ReadonlyMap<string, Buffer>) {
    this.#folder = folder;
    for (const [name, bytes] of start) {
      const inode = { written: bytes, synced: bytes };
      this.#now.set(name, inode);
      this.#durable.set(name, inode);
    }
  }

  /** Answers whether the call was a barrier: after it more is durable than before. */
  apply(call: Call): boolean {
    const [first, second] = stringsOf(call.args);
    switch (call.name) {
      case 'write':
      case 'pwrite64':
        this.#write(call, first ?? Buffer.alloc(0));
        return false;
      case 'ftruncate':
        this.#truncate(call);
        return false;
      case 'openat':
        this.#open(call, first);
        return false;
      case 'unlink':
      case 'unlinkat':
        this.#now.delete(this.#named(first));
        return false;
      case 'rename':
      case 'renameat':
      case 'renameat2':
        this.#rename(this.#named(first), this.#named(second));
        return false;
      case 'fsync':
      case 'fdatasync':
        return this.#sync(pathOfDescriptor(call.args) ?? '');
      default:
        return false;
    }
  }

  /** Writes the disk of a power cut at this moment. */
  leave(folder: string, arrived: Arrived): void {
    const names = arrived === 'what was synced' ? this.#durable : this.#now;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const [name, inode] of names) {
      const file: File = {
        bytes: arrived === 'all that was written' ? inode.written : inode.synced,
        mode: 0o600,
      };
      const to = path.join(folder, path.relative(this.#folder, name));
      mkdirSync(path.dirname(to), { recursive: true, mode: 0o700 });
      writeFileSync(to, file.bytes, { mode: file.mode });
    }
  }

  #isOurs(name: string): boolean {
    return name.startsWith(`${this.#folder}/`);
  }

  #named(bytes: Buffer | undefined): string {
    return bytes === undefined ? '' : bytes.toString('utf8');
  }

  #open(call: Call, name: Buffer | undefined): void {
    const file = this.#named(name);
    if (!this.#isOurs(file) || !/O_(CREAT|TRUNC)/.test(call.args)) return;
    this.#offsets.set(`${call.result}<${file}>`, 0);
    const known = this.#now.get(file);
    if (known === undefined) this.#now.set(file, { written: Buffer.alloc(0), synced: Buffer.alloc(0) });
    else if (call.args.includes('O_TRUNC')) known.written = Buffer.alloc(0);
  }

  #write(call: Call, bytes: Buffer): void {
    const file = pathOfDescriptor(call.args) ?? '';
    const inode = this.#now.get(file);
    if (inode === undefined) return;
    const data = bytes.subarray(0, call.result);
    const at = call.name === 'pwrite64' ? Number(/, (\d+)$/.exec(call.args)?.[1]) : inode.written.length;
    const grown = Buffer.alloc(Math.max(inode.written.length, at + data.length));
    inode.written.copy(grown);
    data.copy(grown, at);
    inode.written = grown;
  }

  #truncate(call: Call): void {
    const inode = this.#now.get(pathOfDescriptor(call.args) ?? '');
    const length = Number(/, (\d+)$/.exec(call.args)?.[1]);
    if (inode === undefined) return;
    const cut = Buffer.alloc(length);
    inode.written.copy(cut, 0, 0, length);
    inode.written = cut;
  }

  #rename(from: string, to: string): void {
    const inode = this.#now.get(from);
    if (inode === undefined) return;
    this.#now.delete(from);
    this.#now.set(to, inode);
  }

  #sync(name: string): boolean {
    const inode = this.#now.get(name);
    if (inode !== undefined) {
      inode.synced = inode.written;
      this.#durable.set(name, inode);
      return true;
    }
    if (name !== this.#folder && !this.#isOurs(name)) return false;
    for (const [file, known] of this.#now) if (path.dirname(file) === name) this.#durable.set(file, known);
    for (const file of this.#durable.keys()) {
      if (path.dirname(file) === name && !this.#now.has(file)) this.#durable.delete(file);
    }
    return true;
  }
}
