// How far a pull is, from what `ostree --verbose` says of each object, in the original's phases. A libostree that says
// other words shows no phases: it still pulls. client-features DL-09.

const STARTED = /\bstarting fetch of (?:deltapart )?(\S+)/;
const FETCHED = /\bfetch of (\S+)(?: \(detached\))? complete|\bfetch static delta part (\S+) complete/;
/** Asked for where nothing has to be: that they have ended is never said. */
const UNTOLD = /\bfetch of delta (?:superblock|index)\b/;
const METADATA = /\.(?:commit|dirtree|dirmeta)$/;

export class PullProgress {
  #requested = 0;
  #fetched = 0;
  #metadataUnderWay = 0;
  #writing = false;

  /** Answers whether the line told something. */
  take(line: string): boolean {
    if (line.includes('Committing transaction')) {
      this.#writing = true;
      return true;
    }
    if (UNTOLD.test(line)) return false;
    const fetched = FETCHED.exec(line);
    if (fetched !== null) {
      this.#fetched += 1;
      if (METADATA.test(fetched[1] ?? '')) this.#metadataUnderWay -= 1;
      return true;
    }
    const started = STARTED.exec(line);
    if (started === null) return false;
    this.#requested += 1;
    if (METADATA.test(started[1] ?? '')) this.#metadataUnderWay += 1;
    return true;
  }

  /** Objects that have arrived. */
  get fetched(): number {
    return this.#fetched;
  }

  /** Objects that are known to be needed; grows while directories are read. */
  get requested(): number {
    return this.#requested;
  }

  /** Whether the server owes us something, as far as we were told; before the first word it does. */
  get isWaiting(): boolean {
    return !this.#writing && (this.#requested === 0 || this.#fetched < this.#requested);
  }

  /** For people. */
  get text(): string {
    const [fetched, requested] = [this.#fetched, this.#requested];
    if (this.#writing) return `Writing objects: ${fetched}`;
    if (fetched >= requested) return `Scanning metadata: ${fetched}`;
    if (this.#metadataUnderWay > 0) return `Receiving metadata objects: ${fetched}/(estimating)`;
    return `Receiving objects: ${Math.floor((fetched * 100) / requested)}% (${fetched}/${requested})`;
  }
}
