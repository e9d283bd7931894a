// A MetadataStore in memory, by the contract of the durable ones: bytes come back as they went in, roots by version.
import type { MetadataFlags, MetadataStore, StoredRole } from '@ota-connect/uptane';

const DELEGATION = 'delegation ';

export class MemoryMetadataStore implements MetadataStore {
  readonly #roots = new Map<number, Uint8Array>();
  readonly #roles = new Map<string, Uint8Array>();
  #fullRoles = false;

  load(role: StoredRole): Uint8Array | undefined {
    if (role !== 'root') return copy(this.#roles.get(keyOf(role)));
    return this.loadRoot(Math.max(0, ...this.#roots.keys()));
  }

  loadRoot(version: number): Uint8Array | undefined {
    return copy(this.#roots.get(version));
  }

  save(role: StoredRole, bytes: Uint8Array, version: number): void {
    if (role === 'root') this.#roots.set(version, bytes.slice());
    else this.#roles.set(keyOf(role), bytes.slice());
  }

  saveRoot(bytes: Uint8Array, version: number, forget: readonly StoredRole[]): void {
    for (const role of forget) this.remove(role);
    this.save('root', bytes, version);
  }

  remove(role: StoredRole): void {
    if (role === 'root') this.#roots.clear();
    else this.#roles.delete(keyOf(role));
  }

  keepDelegations(names: ReadonlySet<string>): void {
    const kept = new Set(Array.from(names, (name) => keyOf({ delegation: name })));
    for (const key of this.#roles.keys()) {
      if (key.startsWith(DELEGATION) && !kept.has(key)) this.#roles.delete(key);
    }
  }

  flags(): MetadataFlags {
    return {
      directorFullRoles: () => this.#fullRoles,
      rememberDirectorFullRoles: (served) => {
        this.#fullRoles = served;
      },
    };
  }

  /** Another store with the same content. */
  copy(): MemoryMetadataStore {
    const other = new MemoryMetadataStore();
    for (const [version, bytes] of this.#roots) other.#roots.set(version, bytes);
    for (const [role, bytes] of this.#roles) other.#roles.set(role, bytes);
    other.#fullRoles = this.#fullRoles;
    return other;
  }

  /** Everything in it as text, to compare two moments. */
  contents(): ReadonlyMap<string, string> {
    const entries = [
      ...[...this.#roots].map(([version, bytes]): [string, string] => [
        `${version}.root`,
        new TextDecoder().decode(bytes),
      ]),
      ...[...this.#roles].map(([role, bytes]): [string, string] => [role, new TextDecoder().decode(bytes)]),
    ];
    return new Map(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }
}

function keyOf(role: StoredRole): string {
  return typeof role === 'string' ? role : `${DELEGATION}${role.delegation}`;
}

function copy(bytes: Uint8Array | undefined): Uint8Array | undefined {
  return bytes?.slice();
}
